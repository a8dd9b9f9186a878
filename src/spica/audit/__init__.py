"""Known vulnerabilities of what is installed: who is asked, what the answer means, which version to install instead."""
