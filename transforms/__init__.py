"""Pure transforms: Arrow in, Arrow out."""
