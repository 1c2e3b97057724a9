"""Write the generated pages of docs/.

usage: python scripts/make_docs.py [--check]

With --check nothing is written, and the exit status is 1 if a page is out of date.
"""

import sys

from gannet_dev.docs.pages import main

if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
