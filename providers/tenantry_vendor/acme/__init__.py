"""Certificates from an ACME server (RFC 8555), by certbot's client library."""
