"""Words over which careful readers of the figures and pages stumbled, and which are not used."""

import re

STUMBLED = {
    "fi": r"luen[tn]a|painet|täyttä\w* piirt|(avoin|avoimet) neliö|täysi merkki|rajatut luvut|"
    r"piirteitä vasten|yhteensopiv|suurennuslas|\bteema\b|muistiinpano|ei sovellu\b|"
    r"pii?r\w+ (ei )?esiin|koodi toisin|toistuu|vain rajat|koodeja muutok|pitää aineist|lujin|"
    r"tulkin\w+ ovat eri|\d koodattu|kirjaimelli",
    "sv": r"tryckt|återges|läsning|snedstreck|fyllt märke|öppen romb|lottat|töm avgräns|"
    r"i barnskyddet|\bdrag\b|\btema\b|samstämmig|förenlig|kod annorlunda|tolkning\w* är oense|"
    r"håller i (data|material)|kontakt(?!styr)|\btitta\b|ta med dig|eget material|"
    r"särdrag\w* förekomm|\bstapeln?\b|\d kodade|bokstavlig",
    "en": r"one code otherwise|codes to a change|holds in data|first of the draws|drawn are|"
    r"\bsingle models?\b|outside the shares|thought of as|label \d, |features are these|"
    r": literal|Malli \d|Kuivalainen ym",
}


def stumbles(lang: str, text: str) -> set[str]:
    """Find such words in a text of a language."""
    return {found[0] for found in re.finditer(STUMBLED[lang], text, re.IGNORECASE)}
