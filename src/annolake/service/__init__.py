"""The embedded labeling service: Ground Truth's API, an S3 subset, the task queue and the annotators' portal.

One process, one port. `app.create_app(settings)` builds it, `run.serve(settings)` runs it, `run.running(settings)`
runs it beside a test or a notebook. boto3 is its only client for jobs and objects.
"""
