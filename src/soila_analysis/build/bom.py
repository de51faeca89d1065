"""What the lock names, as a bill of materials that scanners read (CycloneDX 1.6)."""

import json
import re

from soila_analysis.files import root

PIN = re.compile(r"^([a-z0-9._-]+)(?:\[.+\])?==([^\s;\\]+)(.*(?:\n    --hash.*)*)", re.MULTILINE)


def text(lock: str) -> str:
    """Write the packages of a lock as CycloneDX, each on a line of its own.

    Parameters
    ----------
    lock : str
        The content of ``requirements.lock``.

    Returns
    -------
    str
        JSON: name, version, package URL and all SHA-256 hashes of each package. No date, no serial
        number and no address, so that equal locks give equal bytes.
    """
    components = [
        {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
            "hashes": [
                {"alg": "SHA-256", "content": found}
                for found in re.findall(r"--hash=sha256:([0-9a-f]{64})", rest)
            ],
        }
        for name, version, rest in PIN.findall(lock)
    ]
    listed = ",\n".join(json.dumps(one, separators=(",", ":")) for one in components)
    head = '"bomFormat":"CycloneDX","specVersion":"1.6","version":1'
    return f'{{{head},"components":[\n{listed}\n]}}\n'


if __name__ == "__main__":
    lock = (root() / "requirements.lock").read_text(encoding="utf-8")
    (root() / "sbom.cdx.json").write_text(text(lock), encoding="utf-8")
