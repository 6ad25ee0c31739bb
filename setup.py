"""Everything is in setup.cfg, but for the packages: ``twisted.plugins`` is one that no finder would find."""

from setuptools import find_packages, setup

setup(
    # Editable installs find the plugin only with the folder named.
    package_dir={"": "."},
    # twisted/plugins has no __init__.py, and must not: it would overwrite Twisted's own.
    packages=[*find_packages(include=["chatroom", "chatroom.*"]), "twisted.plugins"],
)
