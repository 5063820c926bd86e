"""Long sessions of boto3, the AWS CLI, rclone and s3cmd: 200 files up and down, 5,000 keys, 20 MB in parts.

usage: test_big_sessions.py http://127.0.0.1:9400
With RESULTS, appends client, feature and outcome to that file: the lines that matrix.py makes a table of.
"""

import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

ENDPOINT = sys.argv[1]
KEY, SECRET = "local", "local-secret"
# rclone cannot load a CA bundle that the machine may name for the AWS tools.
INHERITED = {name: value for name, value in os.environ.items() if name != "AWS_CA_BUNDLE"}
ENV = {
    **INHERITED,
    "AWS_ACCESS_KEY_ID": KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_DEFAULT_REGION": "us-east-1",
    "RCLONE_CONFIG": "/dev/null",
    "RCLONE_CONFIG_GATEWAY_TYPE": "s3",
    "RCLONE_CONFIG_GATEWAY_PROVIDER": "Other",
    "RCLONE_CONFIG_GATEWAY_ACCESS_KEY_ID": KEY,
    "RCLONE_CONFIG_GATEWAY_SECRET_ACCESS_KEY": SECRET,
    "RCLONE_CONFIG_GATEWAY_ENDPOINT": ENDPOINT,
}
SUFFIX = str(os.getpid())
MANY = 5_000
passed, failed = 0, 0
work = tempfile.mkdtemp()


def report(client, feature, error=None):
    global passed, failed
    passed, failed = passed + (error is None), failed + (error is not None)
    print(f"{'ok   ' if error is None else 'FAIL '} {client}: {feature}{'' if error is None else f': {error}'}", flush=True)
    if "RESULTS" in os.environ:
        with open(os.environ["RESULTS"], "a") as out:
            out.write(f"{client}\t{feature}\t{'ok' if error is None else 'FAIL'}\n")


def run(*command):
    done = subprocess.run(command, env=ENV, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout[-300:]} {done.stderr[-300:]}"
    return done.stdout


def fresh(name):
    path = os.path.join(work, name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def same(one, other):
    """Both directories have the same files with the same bytes."""

    def tree(top):
        return sorted(os.path.relpath(os.path.join(at, name), top) for at, _, names in os.walk(top) for name in names)

    assert tree(one) == tree(other), f"{len(tree(one))} files here, {len(tree(other))} there"
    _, different, broken = filecmp.cmpfiles(one, other, tree(one), shallow=False)
    assert not different and not broken, (different, broken)


s3 = boto3.client(
    "s3",
    endpoint_url=ENDPOINT,
    region_name="us-east-1",
    aws_access_key_id=KEY,
    aws_secret_access_key=SECRET,
    config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}, max_pool_connections=20),
)
files = fresh("files")
for number in range(200):
    path = os.path.join(files, f"folder {number % 7}", f"file {number} ü+&.txt")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(os.urandom(number * 40))
large = os.path.join(work, "large.bin")
with open(large, "wb") as out:
    out.write(os.urandom(20_000_000))
small = os.path.join(files, "folder 1", "file 1 ü+&.txt")

many = f"many-{SUFFIX}"
s3.create_bucket(Bucket=many)
names = [f"k/{number % 50:02}/{number:05} +é" for number in range(MANY)]
with ThreadPoolExecutor(8) as pool:
    list(pool.map(lambda key: s3.put_object(Bucket=many, Key=key, Body=b""), names))


def back(name="back"):
    return os.path.join(work, name)


def boto3_session(bucket):
    def write_and_read():
        s3.put_object(Bucket=bucket, Key="a b/ü+.txt", Body=b"hello", Metadata={"my_key": "v"})
        answer = s3.get_object(Bucket=bucket, Key="a b/ü+.txt")
        assert answer["Body"].read() == b"hello" and answer["Metadata"] == {"my_key": "v"}

    def copy():
        s3.copy({"Bucket": bucket, "Key": "a b/ü+.txt"}, bucket, "copy")
        assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == b"hello"

    def in_parts():
        s3.upload_file(large, bucket, "large")
        s3.download_file(bucket, "large", back())
        assert filecmp.cmp(large, back(), shallow=False)

    def copy_in_parts():
        s3.copy({"Bucket": bucket, "Key": "large"}, bucket, "large copy")
        assert s3.head_object(Bucket=bucket, Key="large copy")["ContentLength"] == 20_000_000

    def listing():
        for size in (1000, 333):
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=many, PaginationConfig={"PageSize": size})
            assert sorted(names) == [one["Key"] for page in pages for one in page["Contents"]]
        pages = s3.get_paginator("list_objects").paginate(Bucket=many, Delimiter="/", Prefix="k/")
        assert len([one for page in pages for one in page["CommonPrefixes"]]) == 50

    def delete_many():
        left = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]]
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in left]})
        assert "Contents" not in s3.list_objects_v2(Bucket=bucket)

    s3.create_bucket(Bucket=bucket)
    return {
        "write and read": write_and_read,
        "copy": copy,
        "in parts": in_parts,
        "copy in parts": copy_in_parts,
        "list": listing,
        "delete many": delete_many,
    }


def command_session(up, sync, copy, move, listing, remove, url):
    """What a command line does: each argument makes a command of a source and a target, or of one address."""

    def write_and_read():
        run(*up(small, f"{url}/one ü.txt"))
        run(*up(f"{url}/one ü.txt", back()))
        assert filecmp.cmp(small, back(), shallow=False)

    def sync_up():
        run(*sync(f"{files}/", f"{url}/sync/"))
        again = run(*sync(f"{files}/", f"{url}/sync/"))
        assert "upload" not in again, again[:300]
        assert len(run(*listing(f"{url}/sync/")).splitlines()) == 200

    def sync_down():
        down = fresh("down")
        run(*sync(f"{url}/sync/", f"{down}/"))
        same(files, down)

    def copying():
        run(*copy(f"{url}/one ü.txt", f"{url}/copy+.txt"))
        run(*up(f"{url}/copy+.txt", back()))
        assert filecmp.cmp(small, back(), shallow=False)

    def moving():
        run(*move(f"{url}/copy+.txt", f"{url}/moved/to.txt"))
        listed = run(*listing(f"{url}/"))
        assert "moved/to.txt" in listed and "copy+.txt" not in listed

    def in_parts():
        run(*up(large, f"{url}/large.bin"))
        run(*up(f"{url}/large.bin", back()))
        assert filecmp.cmp(large, back(), shallow=False)

    def copy_in_parts():
        run(*copy(f"{url}/large.bin", f"{url}/large copy.bin"))
        run(*up(f"{url}/large copy.bin", back()))
        assert filecmp.cmp(large, back(), shallow=False)

    def list_many():
        assert len(run(*listing(f"{url.rsplit('/', 1)[0]}/{many}/" if "//" in url else f"gateway:{many}/")).splitlines()) == MANY

    def delete_many():
        run(*remove(f"{url}/sync/"))
        assert run(*listing(f"{url}/sync/")).strip() == ""

    return {
        "write and read": write_and_read,
        "sync up": sync_up,
        "sync down": sync_down,
        "copy": copying,
        "move": moving,
        "in parts": in_parts,
        "copy in parts": copy_in_parts,
        "list": list_many,
        "delete many": delete_many,
    }


def aws_session(program, bucket):
    aws = (program, "--endpoint-url", ENDPOINT, "s3")
    run(*aws, "mb", f"s3://{bucket}")
    cp = lambda source, target: (*aws, "cp", "--no-progress", source, target)
    listing = lambda url: ("sh", "-c", f'"{program}" --endpoint-url {ENDPOINT} s3 ls --recursive "$1" || true', "sh", url)
    return command_session(
        up=cp,
        sync=lambda source, target: (*aws, "sync", "--no-progress", source, target),
        copy=cp,
        move=lambda source, target: (*aws, "mv", source, target),
        listing=listing,
        remove=lambda url: (*aws, "rm", "--recursive", url),
        url=f"s3://{bucket}",
    )


def rclone_session(bucket):
    run("rclone", "mkdir", f"gateway:{bucket}")
    copy = lambda source, target: ("rclone", "copyto", source, target)
    return command_session(
        up=copy,
        sync=lambda source, target: ("rclone", "sync", source, target),
        copy=copy,
        move=lambda source, target: ("rclone", "moveto", source, target),
        listing=lambda url: ("sh", "-c", 'rclone lsf -R --files-only "$1" 2>/dev/null || true', "sh", url),
        remove=lambda url: ("rclone", "delete", url),
        url=f"gateway:{bucket}",
    )


def s3cmd_session(bucket):
    host = ENDPOINT.split("//")[1]
    s3cmd = ("s3cmd", "-c", "/dev/null", "--no-ssl", f"--host={host}", f"--host-bucket={host}", f"--access_key={KEY}", f"--secret_key={SECRET}", "--no-progress", "--force")
    run(*s3cmd, "mb", f"s3://{bucket}")
    up = lambda source, target: (*s3cmd, "put" if target.startswith("s3:") else "get", source, target)
    return command_session(
        up=up,
        sync=lambda source, target: (*s3cmd, "sync", source, target),
        copy=lambda source, target: (*s3cmd, "cp", source, target),
        move=lambda source, target: (*s3cmd, "mv", source, target),
        listing=lambda url: (*s3cmd, "ls", "-r", url),
        remove=lambda url: (*s3cmd, "del", "-r", url),
        url=f"s3://{bucket}",
    )


beside = os.path.join(os.path.dirname(sys.executable), "aws")
programs = {run(path, "--version").split()[0].replace("aws-cli/", "AWS CLI "): path for path in (beside, "/usr/bin/aws") if os.path.exists(path)}
sessions = {
    f"boto3 {boto3.__version__}": boto3_session,
    **{name: (lambda bucket, path=path: aws_session(path, bucket)) for name, path in programs.items()},
    run("rclone", "version").splitlines()[0].replace("rclone v", "rclone "): rclone_session,
    run("s3cmd", "--version").strip().replace("version ", ""): s3cmd_session,
}
for index, (client, session) in enumerate(sessions.items()):
    try:
        features = session(f"session-{index}-{SUFFIX}")
    except Exception as error:  # a client that cannot even begin must not end the others
        report(client, "write and read", f"{type(error).__name__} {error}")
        continue
    for feature, test in features.items():
        try:
            test()
            report(client, feature)
        except Exception as error:
            report(client, feature, f"{type(error).__name__} {error}")
shutil.rmtree(work, ignore_errors=True)
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
