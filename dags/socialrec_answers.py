"""
### Answers: what customers asked gets an answer that cites its evidence, or goes to a person

**Purpose.** Customer service overnight: every question that the shop has not answered yet is answered from what the
shop and its customers said before, or is handed over with a reason. Runs daily after the night, or by hand. With a
**Question** in the form it answers that one alone and writes nothing: a dry run.

**What it does**

1. *One question.* `what_is_asked` looks if the form has a question. If so, `ask_question` answers it from the newest
   passages and puts the answer into the run's note, with what it rests on; the other tasks are skipped.
2. *Gather evidence.* `pin_answers` chooses the model of answers once: the champion of `socialrec-answers`, or else the
   untrained model, which answers only where a passage is close. `build_passages` cuts what may be cited into sentences:
   attributes, descriptions, comments, earlier answers; not what suspected rings wrote, and nothing with personal data.
   `embed_passages` encodes what is new of them, and the open questions.
3. *Answer.* `answer_questions` decides about each open question: a template of the shop, a passage, or a person.
   Answers of the day before are kept where nothing that they rest on changed. `publish_answers` exports them and
   writes the page.

**Inputs** `silver.questions`, `silver.answers`, `silver.templates` and what the night of the same day made of products
and comments: run `socialrec_nightly` of the day first. `resolve_run` finds the day (the **Day** Param, else the
scheduled day, else yesterday, UTC).

**Outputs** `gold.passages`, `gold.answers`, `<home>/export/<day>/answers.parquet`, and the page
`<home>/reports/<day>/answers.html` with what people ask and nothing tells.

**Params** Day, Question, Product (with a question: the id of the product, as landed), Dry run.

**What breaks if it fails** Nothing that is published: the answers of the day before stay.

**Run it again** The run's note has the failed task and its last line. Correct what it names, then clear that task. A
run whose inputs did not change changes nothing.
"""

from __future__ import annotations

from airflow.sdk import DAG

from socialrec.contracts.runs import ANSWERS
from socialrec.orchestration import params
from socialrec.orchestration.alerts import deadline
from socialrec.orchestration.commands import PRODUCT, QUESTION
from socialrec.orchestration.pools import GPU
from socialrec.orchestration.tasks import (
    DEFAULTS,
    answer_all,
    gather_evidence,
    group,
    nightly_at,
    python_job,
    resolve_run,
    what_is_asked,
)
from socialrec.settings import load_settings

settings = load_settings()

with DAG(
    dag_id=ANSWERS,
    description="Open questions get answers that cite their evidence, or go to a person",
    doc_md=__doc__,
    schedule=nightly_at(settings, settings.services.answers_cron),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    params=params.ANSWERS,
    deadline=deadline(settings),
    tags=["socialrec"],
):
    asked = what_is_asked("ask_question", "pin_answers")
    with group("one_question", "One question") as one_question:
        python_job(settings, "ask_question", QUESTION, PRODUCT, pool=GPU)
    evidence = gather_evidence(settings)
    resolve_run() >> asked >> [one_question, evidence]
    evidence >> answer_all(settings)
