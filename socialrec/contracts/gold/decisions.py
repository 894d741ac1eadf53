"""Decisions about models."""

from socialrec.contracts.columns import DS, Column, ListOf, StructOf, Table
from socialrec.contracts.vocabulary import (
    DecisionKind,
)

GATE_CHECK = StructOf(
    (
        Column("name", "string", "What was asked"),
        Column("is_passed", "bool", "Whether the figure is within the bound"),
        Column("figure", "float64", "What was measured; NaN where it was no number"),
        Column("bound", "float64", "Bound it was compared with"),
        Column("line", "string", "The answer in words"),
        Column("decides", "bool", "Whether it can refuse a candidate; else it warns"),
        Column("remedy", "string", "Remedy for a person; empty where it passed"),
    )
)

MODEL_DECISIONS = Table(
    layer="gold",
    noun="model_decisions",
    row="one decision about a registered recommender, with all its figures",
    columns=(
        Column("recommender_version", "string", "Registered version of the recommender"),
        Column("decided_ts", "timestamp", "When"),
        Column("kind", "string", "The gate, a baseline while no model is sound, or a person", choices=DecisionKind),
        Column("is_champion", "bool", "Whether it became champion"),
        Column("reasons", ListOf("string"), "All reasons against it, or else for it; or the person's own words"),
        Column("checks", ListOf(GATE_CHECK), "What the gate asked; empty for a rollback"),
        Column(
            "figures",
            ListOf(StructOf((Column("name", "string", "Flat name"), Column("value", "float64", "Value")))),
            "Every figure of the evaluation under its MLflow name; empty for a rollback",
        ),
        Column("champion_version", "string", "The champion until then, if there was one", nullable=True),
        Column("encoder_version", "string", "Whose vectors it was fitted on"),
        Column("label", "string", "How the figures were measured"),
        Column("mlflow_run", "string", "The training run of the version"),
        Column(
            "files",
            ListOf(
                StructOf(
                    (Column("path", "string", "`recommender/…` or `encoder/…`"), Column("sha256", "string", "Digest"))
                )
            ),
            "The version's files and its encoder's, as they were registered; empty for a rollback",
            nullable=True,
        ),
        DS,
    ),
    key=("recommender_version", "decided_ts"),
    partition="ds",
    writers=("promote_model", "roll_back_model"),
)
