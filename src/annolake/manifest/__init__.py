"""Ground Truth manifests: JSON Lines that name what is to be labeled."""
