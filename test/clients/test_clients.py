"""Everyday sessions of boto3, both AWS CLIs, rclone and s3cmd, with no setting but endpoint, keys and path style."""

import filecmp
import io
import os
import subprocess
import sys
import tempfile
import urllib.request
from datetime import datetime, timedelta, timezone

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

HTTP, HTTPS = sys.argv[1:3]
KEY, SECRET = "local", "local-secret"
# rclone cannot load a CA bundle that the machine may name for the AWS tools.
INHERITED = {name: value for name, value in os.environ.items() if name != "AWS_CA_BUNDLE"}
ENV = {**INHERITED, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "us-east-1"}
V1 = os.path.join(os.path.dirname(sys.executable), "aws")
V2 = "/usr/bin/aws"
CERTIFICATE = "test/data/localhost-cert.pem"
passed, failed = 0, 0

def test(name):
    """Runs the function below at once, as a test of this name."""

    def run(function):
        global passed, failed
        try:
            function()
            passed += 1
            print(f"ok    {name}")
        except Exception as error:  # a failing test must not end the others
            failed += 1
            print(f"FAIL  {name}: {type(error).__name__} {error}")

    return run

def client(endpoint=HTTP, **config):
    settings = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, **config)
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        verify=CERTIFICATE,
        config=settings,
    )

def run(*command, **more):
    done = subprocess.run(command, env={**ENV, **more}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout} {done.stderr}"
    return done.stdout

def code_of(function, **arguments):
    try:
        function(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    raise AssertionError("it was not refused")

work = tempfile.mkdtemp()

def file(name, size):
    path = os.path.join(work, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(os.urandom(size))
    return path

small, large = file("small.txt", 1000), file("large.bin", 20_000_000)

# --- boto3, over http (checksum headers) and https (trailers) ---------------------------------------------------

for endpoint in HTTP, HTTPS:
    scheme = endpoint.split(":")[0]
    s3 = client(endpoint)
    bucket = f"boto3-{scheme}"
    s3.create_bucket(Bucket=bucket)

    @test(f"boto3 {scheme}: put, get, head, list, delete")
    def _():
        s3.put_object(Bucket=bucket, Key="a b/ü+%2F.txt", Body=b"hello", Metadata={"my_key": "v"}, ContentType="text/plain")
        answer = s3.get_object(Bucket=bucket, Key="a b/ü+%2F.txt")
        assert answer["Body"].read() == b"hello" and answer["Metadata"] == {"my_key": "v"}
        assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["a b/ü+%2F.txt"]
        assert s3.list_objects(Bucket=bucket)["Contents"][0]["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
        s3.delete_object(Bucket=bucket, Key="a b/ü+%2F.txt")
        assert code_of(s3.head_object, Bucket=bucket, Key="a b/ü+%2F.txt") == "404"

    for algorithm in "CRC32", "SHA1", "SHA256":

        @test(f"boto3 {scheme}: {algorithm} is verified and echoed")
        def _():
            answer = s3.put_object(Bucket=bucket, Key="sum", Body=b"hello", ChecksumAlgorithm=algorithm)
            assert answer[f"Checksum{algorithm}"]

    @test(f"boto3 {scheme}: a multipart upload and its copy")
    def _():
        s3.upload_file(large, bucket, "large")
        s3.copy({"Bucket": bucket, "Key": "large"}, bucket, "large-copy")
        s3.download_file(bucket, "large-copy", os.path.join(work, "back"))
        assert filecmp.cmp(large, os.path.join(work, "back"), shallow=False)

    @test(f"boto3 {scheme}: an upload and its copy are read part by part")
    def _():
        body = os.urandom(7 * 1024 * 1024)
        in_parts = TransferConfig(multipart_threshold=5 * 1024 * 1024, multipart_chunksize=5 * 1024 * 1024)
        s3.upload_fileobj(io.BytesIO(body), bucket, "parts", Config=in_parts)
        s3.copy_object(Bucket=bucket, Key="parts copy", CopySource={"Bucket": bucket, "Key": "parts"})
        for key in "parts", "parts copy":
            count = s3.head_object(Bucket=bucket, Key=key, PartNumber=1)["PartsCount"]
            parts = [s3.get_object(Bucket=bucket, Key=key, PartNumber=n + 1)["Body"].read() for n in range(count)]
            assert count == 2 and b"".join(parts) == body, count
            told = s3.get_object_attributes(Bucket=bucket, Key=key, ObjectAttributes=["ObjectParts"])["ObjectParts"]
            assert [part["Size"] for part in told["Parts"]] == [len(part) for part in parts], told

    @test(f"boto3 {scheme}: delete_objects")
    def _():
        for key in "x", "y":
            s3.put_object(Bucket=bucket, Key=key, Body=b"1")
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "x"}, {"Key": "y"}, {"Key": "absent"}]})
        assert sorted(one["Key"] for one in answer["Deleted"]) == ["absent", "x", "y"]

s3 = client()
s3.create_bucket(Bucket="copies")
s3.put_object(Bucket="copies", Key="source", Body=b"hello", Metadata={"a": "b"}, ContentType="text/x", Tagging="t=1")
past, future = (datetime.now(timezone.utc) + timedelta(days=days) for days in (-1, 1))
ETAG = '"5d41402abc4b2a76b9719d911017c592"'

for parameters in (
    {},
    {"ACL": "public-read"},
    {"MetadataDirective": "REPLACE", "Metadata": {"n_m": "v"}, "ContentType": "a/b", "CacheControl": "no-store"},
    {"MetadataDirective": "COPY"},
    {"TaggingDirective": "REPLACE", "Tagging": "k=v%20w"},
    {"StorageClass": "STANDARD_IA"},
    {"ServerSideEncryption": "AES256"},
    {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key"},
    {"BucketKeyEnabled": True},
    {"CopySourceIfMatch": ETAG},
    {"CopySourceIfNoneMatch": '"0"'},
    {"CopySourceIfModifiedSince": past},
    {"CopySourceIfUnmodifiedSince": future},
    {"ChecksumAlgorithm": "SHA256"},
    {"RequestPayer": "requester"},
    {"GrantRead": 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'},
    {"CopySource": {"Bucket": "copies", "Key": "source"}},
):

    @test(f"boto3: copy_object {parameters}")
    def _():
        arguments = {"Bucket": "copies", "Key": "copy", "CopySource": "copies/source", **parameters}
        assert s3.copy_object(**arguments)["CopyObjectResult"]["ETag"] == ETAG
        assert s3.get_object(Bucket="copies", Key="copy")["Body"].read() == b"hello"

for parameters, code in (
    ({"CopySourceIfMatch": '"0"'}, "PreconditionFailed"),
    ({"CopySourceIfNoneMatch": ETAG}, "PreconditionFailed"),
    ({"CopySourceIfUnmodifiedSince": past}, "PreconditionFailed"),
    ({"CopySource": "copies/nothing"}, "NoSuchKey"),
    ({"CopySource": "no-such-bucket/key"}, "NoSuchBucket"),
    ({"WebsiteRedirectLocation": "/x"}, "NotImplemented"),
    ({"ObjectLockLegalHoldStatus": "ON"}, "InvalidRequest"),
    ({"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}, "NotImplemented"),
    ({"ExpectedBucketOwner": "000000000000"}, "AccessDenied"),
):

    @test(f"boto3: copy_object {parameters} is {code}")
    def _():
        # SSE-C needs https by boto3's own rule.
        s3_ = client(HTTPS) if "SSECustomerKey" in parameters else s3
        if "SSECustomerKey" in parameters:
            try:
                s3_.create_bucket(Bucket="copies")
            except ClientError:
                pass
        arguments = {"Bucket": "copies", "Key": "refused", "CopySource": "copies/source", **parameters}
        assert code_of(s3_.copy_object, **arguments) == code
        assert code_of(s3.head_object, Bucket="copies", Key="refused") == "404"

@test("boto3: a copy over the limit and one from another region are one call each")
def _():
    s3.create_bucket(Bucket="beijing", CreateBucketConfiguration={"LocationConstraint": "cn-beijing"})
    s3.upload_file(large, "beijing", "large")
    s3.copy_object(Bucket="copies", Key="large", CopySource="beijing/large")
    s3.copy_object(Bucket="copies", Key="again", CopySource="copies/large", StorageClass="STANDARD_IA")
    s3.download_file("copies", "again", os.path.join(work, "again"))
    assert filecmp.cmp(large, os.path.join(work, "again"), shallow=False)

for version in "s3v4", "s3":

    @test(f"boto3: presigned URLs, {version}")
    def _():
        signer = client(signature_version=version)
        url = signer.generate_presigned_url("put_object", {"Bucket": "copies", "Key": "signed"})
        urllib.request.urlopen(urllib.request.Request(url, data=b"signed", method="PUT", headers={"Content-Type": ""}))
        url = signer.generate_presigned_url("get_object", {"Bucket": "copies", "Key": "signed"})
        assert urllib.request.urlopen(url).read() == b"signed"

# --- the AWS CLI, of both generations ---------------------------------------------------------------------------

for cli, endpoint in (V1, HTTP), (V1, HTTPS), (V2, HTTP), (V2, HTTPS):
    version = run(cli, "--version").split()[0].split("/")[1]
    name = f"aws {version} {endpoint.split(':')[0]}"
    bucket = f"cli-{version.replace('.', '-')}-{endpoint.split(':')[0]}"

    def s3_(*command):
        return run(cli, "--endpoint-url", endpoint, "s3", *command, AWS_CA_BUNDLE=CERTIFICATE)

    @test(f"{name}: mb, cp up, down and across, mv, ls, rm, rb")
    def _():
        s3_("mb", f"s3://{bucket}")
        s3_("cp", small, f"s3://{bucket}/dir/small.txt")
        s3_("cp", f"s3://{bucket}/dir/small.txt", f"s3://{bucket}/copy.txt")
        s3_("mv", f"s3://{bucket}/copy.txt", f"s3://{bucket}/moved é+.txt")
        assert "moved é+.txt" in s3_("ls", f"s3://{bucket}") and "PRE dir/" in s3_("ls", f"s3://{bucket}")
        s3_("cp", f"s3://{bucket}/moved é+.txt", os.path.join(work, "down"))
        assert filecmp.cmp(small, os.path.join(work, "down"), shallow=False)
        s3_("rm", "--recursive", f"s3://{bucket}")
        s3_("rb", f"s3://{bucket}")

    @test(f"{name}: large files in parts, up, across and down; sync")
    def _():
        s3_("mb", f"s3://{bucket}")
        s3_("cp", large, f"s3://{bucket}/large")
        s3_("cp", f"s3://{bucket}/large", f"s3://{bucket}/large-copy")
        s3_("cp", f"s3://{bucket}/large-copy", os.path.join(work, "large-down"))
        assert filecmp.cmp(large, os.path.join(work, "large-down"), shallow=False)
        for i in range(12):
            file(f"tree/{i % 3}/file {i}", 100 + i)
        s3_("sync", os.path.join(work, "tree"), f"s3://{bucket}/tree")
        s3_("sync", f"s3://{bucket}/tree", f"s3://{bucket}/tree2")
        back = tempfile.mkdtemp()
        s3_("sync", f"s3://{bucket}/tree2", back)
        assert sum(len(files) for _, _, files in os.walk(back)) == 12
        assert s3_("sync", back, f"s3://{bucket}/tree2", "--size-only") == ""
        s3_("rb", "--force", f"s3://{bucket}")

# --- rclone -----------------------------------------------------------------------------------------------------

def rclone(*command, provider="Other"):
    remote = {"TYPE": "s3", "PROVIDER": provider, "ENDPOINT": HTTP, "ACCESS_KEY_ID": KEY, "SECRET_ACCESS_KEY": SECRET}
    more = {f"RCLONE_CONFIG_GW_{name}": value for name, value in remote.items()}
    return run("rclone", *command, **more, RCLONE_CONFIG="/dev/null")

@test("rclone: copy, lsf, server-side copy and move, touch, settier, sync, check, purge")
def _():
    rclone("mkdir", "gw:rclone-bucket")
    rclone("copyto", small, "gw:rclone-bucket/a/small.txt")
    rclone("copyto", "gw:rclone-bucket/a/small.txt", "gw:rclone-bucket/b/copy.txt")
    rclone("moveto", "gw:rclone-bucket/b/copy.txt", "gw:rclone-bucket/b/moved.txt")

    assert "b/moved.txt" in rclone("lsf", "-R", "gw:rclone-bucket")
    rclone("touch", "-t", "2020-01-01T00:00:00", "gw:rclone-bucket/a/small.txt")
    assert "2020-01-01" in rclone("lsl", "gw:rclone-bucket/a")
    rclone("settier", "STANDARD_IA", "gw:rclone-bucket/a/small.txt")
    rclone("copyto", large, "gw:rclone-bucket/large", "--s3-upload-cutoff", "5M", "--s3-chunk-size", "5M")
    rclone("copyto", "gw:rclone-bucket/large", "gw:rclone-bucket/large2", "--s3-copy-cutoff", "6M")
    rclone("sync", os.path.join(work, "tree"), "gw:rclone-bucket/tree")
    rclone("check", os.path.join(work, "tree"), "gw:rclone-bucket/tree")
    rclone("purge", "gw:rclone-bucket")

@test("rclone of a provider that verifies by S3's ETag of many parts: needs use_multipart_etag = false")
def _():
    rclone("mkdir", "gw:rclone-etag")
    upload = ["copyto", large, "gw:rclone-etag/large", "--s3-upload-cutoff", "5M", "--s3-chunk-size", "5M", "--retries", "1"]
    try:
        rclone(*upload, provider="Minio")
    except AssertionError as error:
        assert "Etag differ" in str(error), error
    else:
        raise AssertionError("it was not refused")
    rclone(*upload, "--s3-use-multipart-etag=false", provider="Minio")
    assert rclone("size", "gw:rclone-etag").count("19.073 MiB") == 1
    rclone("purge", "gw:rclone-etag")

# --- s3cmd ------------------------------------------------------------------------------------------------------

def s3cmd(*command):
    host = HTTP.split("//")[1]
    settings = ("--access_key", KEY, "--secret_key", SECRET, "--host", host, "--host-bucket", host, "--no-ssl")
    return run("s3cmd", "-c", "/dev/null", *settings, "--no-progress", *command)

@test("s3cmd: mb, put, ls, cp, mv, modify, get, del, rb")
def _():
    s3cmd("mb", "s3://s3cmd-bucket")
    s3cmd("put", small, "s3://s3cmd-bucket/small.txt")
    s3cmd("cp", "s3://s3cmd-bucket/small.txt", "s3://s3cmd-bucket/copy.txt")
    s3cmd("mv", "s3://s3cmd-bucket/copy.txt", "s3://s3cmd-bucket/moved.txt")
    s3cmd("modify", "--add-header", "x-amz-meta-k:v", "s3://s3cmd-bucket/moved.txt")
    assert "moved.txt" in s3cmd("ls", "s3://s3cmd-bucket")
    s3cmd("put", large, "s3://s3cmd-bucket/large", "--multipart-chunk-size-mb", "5")
    s3cmd("get", "s3://s3cmd-bucket/large", os.path.join(work, "s3cmd-large"), "--force")
    assert filecmp.cmp(large, os.path.join(work, "s3cmd-large"), shallow=False)
    s3cmd("get", "s3://s3cmd-bucket/moved.txt", os.path.join(work, "s3cmd-small"), "--force")
    assert filecmp.cmp(small, os.path.join(work, "s3cmd-small"), shallow=False)
    s3cmd("del", "--recursive", "--force", "s3://s3cmd-bucket")
    s3cmd("rb", "s3://s3cmd-bucket")

@test("s3cmd with Signature Version 2: put and get")
def _():
    s3cmd("--signature-v2", "mb", "s3://s3cmd-v2")
    s3cmd("--signature-v2", "put", small, "s3://s3cmd-v2/a b.txt")
    s3cmd("--signature-v2", "get", "s3://s3cmd-v2/a b.txt", os.path.join(work, "v2"), "--force")
    assert filecmp.cmp(small, os.path.join(work, "v2"), shallow=False)

print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
