"""Commits of obstore (the crate object_store), Delta tables and Icechunk, by writers that race, in buckets with and without versions."""

import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
import icechunk
import obstore
import pyarrow
import zarr
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError
from obstore.store import S3Store

ENDPOINT = sys.argv[1]
KEY, SECRET = "local", "local-secret"
WRITERS, COMMITS = 8, 50
failed = 0

s3 = boto3.client(
    "s3", endpoint_url=ENDPOINT, region_name="us-east-1", aws_access_key_id=KEY, aws_secret_access_key=SECRET
)

def race(work, count=COMMITS):
    """What a function gives for each number, by several threads at a time."""
    with ThreadPoolExecutor(WRITERS) as threads:
        return list(threads.map(work, range(count)))

def creations(bucket):
    """Of writers that create the same key one wins."""
    store = object_store(bucket)

    def create(number):
        try:
            obstore.put(store, f"created/{number // WRITERS}", str(number).encode(), mode="create")
            return 1
        except obstore.exceptions.AlreadyExistsError:
            return 0

    return sum(race(create, 10 * WRITERS)), 10

def counter(bucket):
    """A counter, raised by compare and swap."""
    store = object_store(bucket)
    obstore.put(store, "counter", b"0")

    def raise_it(_):
        while True:
            got = obstore.get(store, "counter")
            version = {name: got.meta[name] for name in ("e_tag", "version") if got.meta.get(name)}
            try:
                obstore.put(store, "counter", str(int(bytes(got.bytes())) + 1).encode(), mode=version)
                return
            except obstore.exceptions.PreconditionError:
                continue

    race(raise_it)
    return int(bytes(obstore.get(store, "counter").bytes())), COMMITS

def object_store(bucket):
    return S3Store(
        bucket,
        endpoint=ENDPOINT,
        access_key_id=KEY,
        secret_access_key=SECRET,
        region="us-east-1",
        client_options={"allow_http": True},
        virtual_hosted_style_request=False,
        conditional_put="etag",
    )

def delta(bucket):
    """Rows, appended to a Delta table."""
    options = {
        "AWS_ENDPOINT_URL": ENDPOINT,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
        "conditional_put": "etag",
    }
    where = f"s3://{bucket}/table"
    row = lambda number: pyarrow.table({"number": pyarrow.array([number], pyarrow.int64())})
    write_deltalake(where, row(-1), storage_options=options)

    def append(number):
        while True:
            try:
                write_deltalake(where, row(number), mode="append", storage_options=options)
                return
            except CommitFailedError:  # after fifteen others were faster
                continue

    race(append)
    return DeltaTable(where, storage_options=options).to_pyarrow_table().num_rows, COMMITS + 1

def ice(bucket):
    """Chunks of one array, each committed to Icechunk."""
    storage = lambda: icechunk.s3_storage(
        bucket=bucket,
        prefix="repository",
        endpoint_url=ENDPOINT,
        allow_http=True,
        force_path_style=True,
        access_key_id=KEY,
        secret_access_key=SECRET,
        region="us-east-1",
    )
    repository = icechunk.Repository.create(storage())
    session = repository.writable_session("main")
    zarr.group(store=session.store).create_array("array", shape=(COMMITS,), dtype="i4", chunks=(1,))
    session.commit("empty")

    def commit(number):
        own = icechunk.Repository.open(storage())
        while True:
            session = own.writable_session("main")
            zarr.open_group(session.store)["array"][number] = number + 1
            try:
                session.commit(str(number))
                return
            except icechunk.ConflictError:
                continue

    race(commit)
    stored = zarr.open_group(repository.readonly_session("main").store, mode="r")["array"][:]
    return int((stored > 0).sum()), COMMITS

for versions in (False, True):
    bucket = "commits-with-versions" if versions else "commits-without-versions"
    s3.create_bucket(Bucket=bucket)
    if versions:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for commits in (creations, counter, delta, ice):
        kept, expected = commits(bucket)
        failed += kept != expected
        print(f"{'ok  ' if kept == expected else 'FAIL'}  {commits.__name__} in {bucket}: {kept} of {expected}")

print(f"{8 - failed} passed, {failed} failed")
sys.exit(1 if failed else 0)
