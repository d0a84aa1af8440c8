"""A client of S3-compatible storage: the least subset of the API that instances get, with AWS Signature Version 4."""

from tenantry_vendor.s3.client import Bucket, S3Error, StoredObject
from tenantry_vendor.s3.signing import Keys, sign

__all__ = ["Bucket", "Keys", "S3Error", "StoredObject", "sign"]
