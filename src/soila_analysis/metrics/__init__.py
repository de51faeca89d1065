"""Pure functions from coded models to small tables of counts and shares.

Nothing here knows files, labels, languages or figures: order comes in as data, tables go out.
"""

from soila_analysis.metrics import rounding
from soila_analysis.metrics.agreement import agreement_by_coders, agreement_by_feature, disagreement
from soila_analysis.metrics.coder_error import coder_errors, corrected_shares, observed
from soila_analysis.metrics.contrasts import contrasts
from soila_analysis.metrics.differences import share_changes, signed_differences
from soila_analysis.metrics.frames import STATUSES
from soila_analysis.metrics.gaps import gaps
from soila_analysis.metrics.planning import double_coding, next_models
from soila_analysis.metrics.prediction import model_and_people
from soila_analysis.metrics.profiles import features_per_model
from soila_analysis.metrics.ranking import leading_goal, rank_ranges, rank_sets, ranked
from soila_analysis.metrics.shares import (
    chosen_feature,
    evidence_map,
    feature_by_goal,
    feature_shares,
    feature_shares_by_goal,
    goal_distribution,
    shares,
    shares_by,
    tally,
    with_coders,
)
from soila_analysis.metrics.together import commonest_profiles, feature_clusters, feature_pairs

__all__ = [
    "STATUSES",
    "agreement_by_coders",
    "agreement_by_feature",
    "chosen_feature",
    "coder_errors",
    "commonest_profiles",
    "contrasts",
    "corrected_shares",
    "disagreement",
    "double_coding",
    "evidence_map",
    "feature_by_goal",
    "feature_clusters",
    "feature_pairs",
    "feature_shares",
    "feature_shares_by_goal",
    "features_per_model",
    "gaps",
    "goal_distribution",
    "leading_goal",
    "model_and_people",
    "next_models",
    "observed",
    "rank_ranges",
    "rank_sets",
    "ranked",
    "rounding",
    "share_changes",
    "shares",
    "shares_by",
    "signed_differences",
    "tally",
    "with_coders",
]
