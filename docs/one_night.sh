#!/usr/bin/env bash
# One night in order, without Airflow: from landing files to published lists and the report. Where no trained model
# serves yet, the training comes in between. Airflow runs the same jobs with the same arguments (dags/).
#
#   .venv/bin/socialrec import demo --home /tmp/shop --ds 2026-11-23    # or put files into /tmp/shop/landing/
#   docs/one_night.sh /tmp/shop 2026-11-23
#
# Above each job: what it reads -> what it writes: what it does.
set -euo pipefail
jobs=$(cd "$(dirname "$0")/../jobs" && pwd) home=$(cd "$1" && pwd) day=$2
python=${PYTHON:-$jobs/../.venv/bin/python}
# Idle threads soon sleep, as those of Airflow's tasks do.
export GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-1000}
# A night needs no MLflow server: a database in the home holds runs and models.
export SOCIALREC_SERVICES__MLFLOW_URI=${SOCIALREC_SERVICES__MLFLOW_URI:-sqlite:///$home/mlflow.db}
cd "$home"

# Run a job. Its receipt is printed, and kept in runs/<run>/<job>.json.
job() { "$python" "$jobs/$1.py" --home "$home" --ds "$day" --run-id "$run" "${@:2}"; }
# Print one value of a job's receipt.
reported() { "$python" -c "import json; print(json.load(open('runs/$run/$1.json'))['$2'])"; }

run=by_hand
# landing files -> bronze.*, quarantine.*: check each record by its contract, and its pictures; give broken ones a reason
job ingest_landing
# bronze.*, quarantine.products, quarantine.interactions, quarantine.comments, quarantine.follows, quarantine.questions,
#   quarantine.answers, quarantine.templates -> silver.*, quarantine.interactions, quarantine.comments,
#   quarantine.questions, quarantine.answers: clean texts, mask personal data, drop duplicates, replace user ids by pseudonyms
job build_silver
# silver.interactions, silver.comments, silver.products, silver.follows -> gold.user_product_affinity, gold.social_ties, gold.user_profiles, gold.texts: aggregate
job build_gold
# silver.products -> gold.picture_embeddings: encode each picture once
job embed_images

# silver.products, gold.model_decisions, socialrec-recommender, socialrec-encoder -> nothing: find out whether a
#   trained champion serves
job pin_models --check
if [ "$(reported pin_models has_champion)" = False ]; then
  run=for__by_hand
  # gold.texts, silver.interactions, silver.comments, silver.products, gold.social_ties, silver.questions,
  #   silver.answers, silver.templates, gold.picture_embeddings, socialrec-base -> socialrec-encoder: fine-tune
  job finetune_encoder
  mlflow_run=$(reported finetune_encoder mlflow_run_id)
  encoder=$(reported finetune_encoder encoder_version)
  # gold.texts, gold.text_embeddings, gold.picture_embeddings, socialrec-encoder -> gold.text_embeddings,
  #   gold.aligned_pictures: encode each text once, and bring pictures among the texts
  job embed_texts --encoder-folder "$(reported finetune_encoder encoder_folder)"
  # silver.interactions, silver.comments, silver.products, gold.social_ties, gold.comment_insights,
  #   gold.product_attributes, gold.text_embeddings, gold.picture_embeddings, gold.aligned_pictures, gold.user_product_affinity, gold.user_profiles -> candidate recommender: learn the blend on the validation window,
  #   then fit on everything
  job fit_recommender --mlflow-run "$mlflow_run" --encoder-version "$encoder"
  # silver.interactions, silver.comments, silver.products, gold.social_ties, gold.comment_insights,
  #   gold.product_attributes, gold.text_embeddings, gold.picture_embeddings, gold.aligned_pictures, candidate recommender, socialrec-recommender -> nothing: measure candidate, popularity and champion on one held-out window
  job evaluate_recommender --mlflow-run "$mlflow_run" --encoder-version "$encoder"
  # candidate recommender -> gold.model_decisions, socialrec-recommender: promote what is better (exit code 3:
  #   refused)
  job promote_model --mlflow-run "$mlflow_run" --encoder-version "$encoder" \
    --encoder-model-version "$(reported finetune_encoder encoder_model_version)" || [ $? -eq 3 ]
  run=by_hand
fi

# silver.products, gold.model_decisions, socialrec-recommender, socialrec-encoder -> nothing: choose the model once
#   for all rows of the night; the baseline if there is no champion
job pin_models
encoder_folder=$(reported pin_models encoder_folder)
# gold.texts, gold.text_embeddings, gold.picture_embeddings, socialrec-encoder -> gold.text_embeddings,
#   gold.aligned_pictures: encode what is new
job embed_texts --encoder-folder "$encoder_folder"
# silver.interactions, silver.comments, silver.products, gold.user_product_affinity, gold.text_embeddings, gold.picture_embeddings,
#   socialrec-encoder -> gold.text_embeddings, gold.comment_insights, gold.product_attributes,
#   gold.behaviour_propensities, gold.user_opinions: predict
job predict_insights --encoder-folder "$encoder_folder"
# gold.user_product_affinity, gold.social_ties, gold.user_profiles, silver.products, silver.comments,
#   gold.comment_insights, gold.product_attributes, gold.text_embeddings, gold.picture_embeddings, gold.aligned_pictures -> gold.user_features, gold.item_features, gold.community_likes: gather
#   all that is known of each user and product as of the day
job build_features --encoder-version "$(reported pin_models encoder_version)"
# gold.user_features, gold.item_features, gold.community_likes, gold.model_decisions, socialrec-recommender ->
#   gold.recommendations, gold.list_inputs: rank products for every user, with reasons
job score_recommendations
# gold.user_product_affinity, gold.social_ties, gold.user_profiles, silver.products, silver.interactions,
#   gold.recommendations, socialrec-recommender -> published lists: check the lists, then write export/<day>/ and export/CURRENT
job publish_recommendations
# bronze.products, bronze.interactions, bronze.comments, bronze.follows, bronze.questions, bronze.answers,
#   bronze.templates, quarantine.*, silver.*, gold.comment_insights, gold.user_profiles, gold.user_opinions,
#   gold.behaviour_propensities, gold.recommendations, gold.model_decisions, gold.product_attributes -> report of the night: write reports/<day>/report.html and a run in MLflow
job report_run
