"""Intents of CLINC150: the encoder's own fine-tuning on the task `intent`, and one threshold for what is out of scope."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from socialrec.answers.ranking import F64
from socialrec.bench.progress import Progress
from socialrec.errors import UserError
from socialrec.settings.text import TextSettings, Tuning
from socialrec.text.tasks import Ints, labelled
from socialrec.text.training.finetune import FineTuned, fine_tune

FOLDER, FILE = "clinc150", "data_full.json.gz"
TASK = "intent"
