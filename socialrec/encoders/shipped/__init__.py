"""Models that come with the dependencies: their files, unpacked where they must be, and the choice between them.

Models of hubs and folders need nothing from here.
"""
