"""Make the buckets that the settings name, where they are missing; safe to run again."""

from botocore.exceptions import ClientError

from annolake.config import Settings
from annolake.labeling.clients import s3


def main() -> None:
    """Media, labeling, and the warehouse's bucket."""
    settings = Settings.load()
    client = s3(settings)
    warehouse = settings.warehouse_url.removeprefix("s3://").partition("/")[0]
    for bucket in (settings.media_bucket, settings.labeling_bucket, warehouse):
        try:
            client.head_bucket(Bucket=bucket)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            client.create_bucket(Bucket=bucket)


if __name__ == "__main__":
    main()
