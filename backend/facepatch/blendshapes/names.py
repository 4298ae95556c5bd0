"""ARKit names and name matching, as `facepatch.core.shape_names` has them."""

from facepatch.core.shape_names import ARKIT_NAMES, MotionMatch, arkit_links, arkit_name, match_names

__all__ = ["ARKIT_NAMES", "MotionMatch", "arkit_links", "arkit_name", "match_names"]
