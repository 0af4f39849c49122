"""Exit 0 where an address answers with success; the images have no curl."""

import sys
import urllib.request

with urllib.request.urlopen(sys.argv[1], timeout=8) as response:  # noqa: S310 - our own addresses
    sys.exit(not response.status < 300)
