"""Messages for the shop's users in their languages: gettext catalogues (`<language>.po`) and what reads them.

English is the source text and needs no catalogue. Messages for engineers (commands, logs, headings) are English only
and do not belong here.
"""
