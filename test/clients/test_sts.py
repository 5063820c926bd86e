"""Short-lived keys as boto3 and the AWS CLI ask for them and use them, with no setting but the endpoint."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = sys.argv[1]
KEY, SECRET = "local", "local-secret"
ROLE = f"arn:aws:iam::000000000000:role/{KEY}"
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::sts-bucket/team/*"},
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::sts-bucket",
                "Condition": {"StringLike": {"s3:prefix": "team/*"}},
            },
        ],
    }
)
AWS = os.environ.get("AWS") or shutil.which("aws")

def client(service, key=KEY, secret=SECRET, token=None):
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"max_attempts": 1}),
    )

def with_key(credentials):
    return client("s3", credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])

def code_of(function, **arguments):
    try:
        function(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    raise AssertionError("it was not refused")

client("s3").create_bucket(Bucket="sts-bucket")
client("s3").put_object(Bucket="sts-bucket", Key="other", Body=b"x")
sts = client("sts")

# boto3, narrowed by a policy.
answer = sts.assume_role(RoleArn=ROLE, RoleSessionName="python", Policy=POLICY, DurationSeconds=900)
s3 = with_key(answer["Credentials"])
s3.put_object(Bucket="sts-bucket", Key="team/a b", Body=b"hello")
assert s3.list_objects_v2(Bucket="sts-bucket", Prefix="team/")["KeyCount"] == 1
assert code_of(s3.list_objects_v2, Bucket="sts-bucket") == "AccessDenied"
assert code_of(s3.get_object, Bucket="sts-bucket", Key="other") == "AccessDenied"
assert code_of(s3.copy_object, Bucket="sts-bucket", Key="team/x", CopySource="sts-bucket/other") == "AccessDenied"
url = s3.generate_presigned_url("get_object", Params={"Bucket": "sts-bucket", "Key": "team/a b"})
assert urllib.request.urlopen(url).read() == b"hello"
form = s3.generate_presigned_post("sts-bucket", "team/form")
assert "x-amz-security-token" in form["fields"]

# GetSessionToken, and who one is.
session = sts.get_session_token()["Credentials"]
with_key(session).get_object(Bucket="sts-bucket", Key="other")
assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::000000000000:user/{KEY}"
assert code_of(client("sts", "nobody", "nothing").get_caller_identity) == "InvalidClientTokenId"
assert code_of(sts.assume_role, RoleArn=ROLE, RoleSessionName="ab", Policy="{}") == "MalformedPolicyDocument"

# The AWS CLI: by a command, and by a profile that assumes the role.
home = tempfile.mkdtemp()
config = os.path.join(home, "config")
with open(config, "w") as out:
    out.write(f"""[profile main]
region = us-east-1
aws_access_key_id = {KEY}
aws_secret_access_key = {SECRET}
endpoint_url = {ENDPOINT}
[profile role]
region = us-east-1
endpoint_url = {ENDPOINT}
role_arn = {ROLE}
role_session_name = of-the-cli
source_profile = main
""")
environment = {
    "PATH": os.environ["PATH"],
    "HOME": home,
    "AWS_CONFIG_FILE": config,
    "AWS_ENDPOINT_URL_STS": ENDPOINT,
    "AWS_EC2_METADATA_DISABLED": "true",
}

def aws(*command):
    done = subprocess.run([AWS, *command], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout} {done.stderr}"
    return done.stdout

told = json.loads(
    aws("sts", "assume-role", "--profile", "main", "--role-arn", ROLE, "--role-session-name", "cli", "--policy", POLICY)
)
assert told["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::000000000000:assumed-role/{KEY}/cli"
with_key(told["Credentials"]).get_object(Bucket="sts-bucket", Key="team/a b")
who = json.loads(aws("sts", "get-caller-identity", "--profile", "role"))
assert who["Arn"] == f"arn:aws:sts::000000000000:assumed-role/{KEY}/of-the-cli", who
assert "team/a b" in aws("s3", "ls", "--recursive", "--profile", "role", "s3://sts-bucket")
aws("s3", "cp", "--profile", "role", "s3://sts-bucket/team/a b", "s3://sts-bucket/team/copy")
print("ok    short-lived keys by boto3 and the AWS CLI")
