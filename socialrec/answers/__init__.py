"""Customer service: retrieve passages for a question, decide, and answer with citations or hand over to a person.

Pure functions over Arrow tables and arrays; tables of the lake, jobs and the registry belong elsewhere.
"""
