"""Telling people and programs: e-mail over SMTP, JSON to a webhook."""
