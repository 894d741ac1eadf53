"""Resolve the models of this run once, so that all its rows carry the same versions."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.compute as pc

from socialrec import tracking
from socialrec.contracts.gold import MODEL_DECISIONS
from socialrec.contracts.silver import SILVER_PRODUCTS
from socialrec.contracts.vocabulary import ModelKind
from socialrec.errors import UserError
from socialrec.recommend.model import FORMAT, read_document
from socialrec.recommend.model_files import require_unchanged
from socialrec.recommend.training.steps import decision_key, training_key
from socialrec.runtime import job
from socialrec.tracking import ENCODER, RECOMMENDER, ModelRef

NAME = "pin_models"


def main(argv: list[str] | None = None) -> int:
    """Pin the champion, or the requested version, and fetch it with its encoder."""
    parser = job.parser(__doc__)
    parser.add_argument("--model-version", help="registered version of the recommender (default: the champion)")
    parser.add_argument("--check", action="store_true", help="only say whether there is a model to pin")
    args = parser.parse_args(argv)
    with job.run(NAME, args) as run:
        tracker = tracking.connect(run.settings)
        model = tracker.model(RECOMMENDER, args.model_version) if args.model_version else tracker.champion(RECOMMENDER)
        if args.check:
            trains = model is None or (
                not args.model_version
                and (
                    may_be_replaced(run, model)
                    or needs_other_code(tracker, model)
                    or knows_no_product(run, tracker, model)
                )
            )
            run.done(status="checked", has_champion=model is not None, trains_first=trains)
            return 0
        if model is None:
            raise UserError(f"there is no champion model: {why_none(tracker)}")
        if knows_no_product(run, tracker, model):
            raise UserError(
                f"version {model.version} knows none of the products of {run.ds}: it was trained on other product ids "
                "(of another shop, or before ids were distinct by platform); run the socialrec_train DAG"
            )
        encoder_model_version = model.tags["encoder_model_version"]
        recommender_folder = tracker.fetch(RECOMMENDER, model.version)
        encoder_folder = tracker.fetch(ENCODER, encoder_model_version)
        require_unchanged(run.lake.read(MODEL_DECISIONS), model.version, recommender_folder, encoder_folder)
        run.done(
            status="pinned",
            has_champion=True,
            recommender_version=model.version,
            encoder_version=model.tags["encoder_version"],
            encoder_model_version=encoder_model_version,
            recommender_folder=str(recommender_folder),
            encoder_folder=str(encoder_folder),
            trained_run=model.run_id,
            mlflow_url=tracker.run_page(model.run_id),
            model_url=tracker.version_page(RECOMMENDER, model.version),
            evaluation_label=model.tags.get("label", ""),
            model_kind=model.tags.get("kind", ModelKind.TRAINED.value),
            missing=model.tags.get("missing", ""),
            gate=model.tags.get("gate", ""),
            gate_reasons=model.tags.get("gate_reasons", ""),
            gate_warnings=json.loads(model.tags.get("gate_warnings", "[]")),
            chosen_by="person" if args.model_version else "champion",
        )
    return 0


def may_be_replaced(run: job.Run, model: ModelRef) -> bool:
    """True for a baseline if a training may end otherwise than the one that made it: other data or settings."""
    if model.tags.get("kind") != ModelKind.BASELINE:
        return False
    keys = {"training_key": training_key(run.lake, run.ds, run.settings), "decision_key": decision_key(run.settings)}
    return any(model.tags.get(name) != key for name, key in keys.items())


def needs_other_code(tracker: tracking.Tracker, model: ModelRef) -> bool:
    """True for a model of another version of this program, which cannot score with this one."""
    return bool(read_document(tracker.fetch(RECOMMENDER, model.version))["format"] != FORMAT)


def knows_no_product(run: job.Run, tracker: tracking.Tracker, model: ModelRef) -> bool:
    """True for a model that shares no product id with the night's catalogue: its lists would be empty."""
    products = run.lake.read(SILVER_PRODUCTS, [run.ds], ["product_id"])["product_id"]
    folder = tracker.fetch(RECOMMENDER, model.version)
    require_unchanged(run.lake.read(MODEL_DECISIONS), model.version, folder)
    known = read_document(folder)["products"]
    return bool(len(products) and known and not pc.any(pc.is_in(products, value_set=pa.array(known))).as_py())


def why_none(tracker: tracking.Tracker) -> str:
    """Message with the gate's reasons about the newest candidate, if there ever was one."""
    newest: ModelRef | None = tracker.newest_version(RECOMMENDER)
    if newest is None:
        return "none was ever trained; run the socialrec_train DAG"
    reasons = newest.tags.get("gate_reasons", "the gate has not decided on it")
    return (
        f"version {newest.version} was not promoted ({reasons}); take it anyway with `socialrec run --model-version "
        f"{newest.version}` (`make run MODEL={newest.version}`), or run the socialrec_train DAG again"
    )


if __name__ == "__main__":
    job.end(main)
