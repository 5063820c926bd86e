"""Long copies, whose answers begin before they end, as boto3 and the AWS CLI take them.

python3 test/clients/test_keep_alive.py ENDPOINT   (of test/clients/slow-gateway.ts)
"""

import os
import subprocess
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint = sys.argv[1]
environment = {
    **os.environ,
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ENDPOINT_URL": endpoint,
    "AWS_MAX_ATTEMPTS": "3",
}
os.environ.update(environment)
s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}))
small, large = b"small", os.urandom(3 * 1024 * 1024 + 17)
passed, failed = 0, []


def check(name, run):
    """Counts a check; its failure is shown, and the others go on."""
    global passed
    try:
        run()
        passed += 1
    except Exception as error:  # noqa: BLE001
        failed.append(name)
        print(f"FAILED {name}: {type(error).__name__}: {error}")


def same(key, content):
    assert s3.get_object(Bucket="bucket", Key=key)["Body"].read() == content, "other bytes"


def slow(source, content):
    began = time.monotonic()
    key = f"slow-boto3-{source}"
    answer = s3.copy_object(Bucket="bucket", Key=key, CopySource=f"bucket/{source}")
    assert time.monotonic() - began > 2, "it was not slow"
    assert answer["CopyObjectResult"]["ETag"].strip('"'), "no ETag"
    assert answer["CopyObjectResult"]["LastModified"], "no time"
    same(key, content)


def fails_once():
    answer = s3.copy_object(Bucket="bucket", Key="once-boto3", CopySource="bucket/small")
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1, answer["ResponseMetadata"]
    same("once-boto3", small)


def fails_always():
    try:
        s3.copy_object(Bucket="bucket", Key="always-boto3", CopySource="bucket/large")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied", error
    else:
        raise AssertionError("a failure was taken for a success")
    assert "Contents" not in s3.list_objects_v2(Bucket="bucket", Prefix="always-boto3")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="bucket")


def aws(*arguments, expected=0):
    done = subprocess.run([os.environ.get("AWS", "aws"), *arguments], env=environment, capture_output=True, text=True)
    assert done.returncode == expected if expected == 0 else done.returncode != 0, done.stderr or done.stdout
    return done.stdout + done.stderr


def cli_copy(key, source, content):
    out = aws("s3api", "copy-object", "--bucket", "bucket", "--key", key, "--copy-source", f"bucket/{source}")
    assert '"ETag"' in out, out
    same(key, content)


def cli_cp(key, source, content):
    aws("s3", "cp", f"s3://bucket/{source}", f"s3://bucket/{key}")
    same(key, content)


def cli_failure():
    arguments = ("--bucket", "bucket", "--key", "always-cli", "--copy-source", "bucket/small")
    assert "AccessDenied" in aws("s3api", "copy-object", *arguments, expected=255)


s3.create_bucket(Bucket="bucket")
s3.put_object(Bucket="bucket", Key="small", Body=small)
s3.put_object(Bucket="bucket", Key="large", Body=large)

check("boto3: a slow native copy", lambda: slow("small", small))
check("boto3: a slow copy in parts", lambda: slow("large", large))
check("boto3: a late failure is tried again", fails_once)
check("boto3: a late failure that stays is one", fails_always)
check("aws s3api: a slow native copy", lambda: cli_copy("slow-cli-small", "small", small))
check("aws s3api: a slow copy in parts", lambda: cli_copy("slow-cli-large", "large", large))
check("aws s3api: a late failure is tried again", lambda: cli_copy("once-cli", "small", small))
check("aws s3api: a late failure that stays is one", cli_failure)
check("aws s3 cp: a slow copy in parts", lambda: cli_cp("slow-cp", "large", large))
check("aws s3 cp: a late failure is tried again", lambda: cli_cp("once-cp", "small", small))

print(f"{passed} passed, {len(failed)} failed")
sys.exit(1 if failed else 0)
