"""Create the bucket of an S3 address, such as `s3://shop/mlflow`, if it does not exist."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit


def main(url: str) -> None:
    """Create the bucket; endpoint and keys come from the environment, as for Amazon's own tools."""
    import boto3

    client, bucket = boto3.client("s3"), urlsplit(url).netloc
    if bucket not in [found["Name"] for found in client.list_buckets()["Buckets"]]:
        client.create_bucket(Bucket=bucket)


if __name__ == "__main__":
    main(sys.argv[1])
