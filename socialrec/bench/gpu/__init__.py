"""Proof of all that runs on a GPU: `make gpu`, which is `python -m socialrec.bench.gpu` where little is installed.

A module per part; the library does the work. Needs torch, transformers, safetensors, numpy, scipy and pyarrow. Where
pydantic is missing a stand-in makes the settings; peers and PEFT are used where they are installed.
"""

from socialrec.bench.gpu.stand_in import provide_settings

provide_settings()
