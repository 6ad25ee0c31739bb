"""The program: its command line and its service. The only package that sees everything."""
