"""Condition keys: each as AWS's own pages spell it, and what comes close."""

import pytest

from authorizer.engine.check import keys
from authorizer.engine.check.reference import service

GLOBAL = """
aws:AssumedRoot aws:CalledVia aws:CalledViaFirst aws:CalledViaLast aws:ChatbotSourceArn aws:CurrentTime
aws:Ec2InstanceSourcePrivateIPv4 aws:Ec2InstanceSourceVpc aws:EpochTime aws:FederatedProvider aws:MultiFactorAuthAge
aws:MultiFactorAuthPresent aws:PrincipalAccount aws:PrincipalArn aws:PrincipalIsAWSService aws:PrincipalOrgID
aws:PrincipalOrgPaths aws:PrincipalServiceName aws:PrincipalServiceNamesList aws:PrincipalTag/tenant aws:PrincipalType
aws:referer aws:RequestedRegion aws:RequestTag/tenant aws:ResourceAccount aws:ResourceOrgID aws:ResourceOrgPaths
aws:ResourceTag/tenant aws:SecureTransport aws:SourceAccount aws:SourceArn aws:SourceIdentity aws:SourceIp
aws:SourceOrgID aws:SourceOrgPaths aws:SourceVpc aws:SourceVpcArn aws:SourceVpce aws:TagKeys aws:TokenIssueTime
aws:UserAgent aws:userid aws:username aws:ViaAWSService aws:VpceAccount aws:VpceOrgID aws:VpceOrgPaths aws:VpcSourceIp
"""
SERVICES = """
dynamodb:Attributes dynamodb:EnclosingOperation dynamodb:FullTableScan dynamodb:LeadingKeys
dynamodb:ReturnConsumedCapacity dynamodb:ReturnValues dynamodb:Select

s3:AccessGrantsInstanceArn s3:AccessPointNetworkOrigin s3:authType s3:DataAccessPointAccount s3:DataAccessPointArn
s3:delimiter s3:ExistingObjectTag/class s3:if-match s3:if-none-match s3:locationconstraint s3:max-keys
s3:object-lock-legal-hold s3:object-lock-mode s3:object-lock-remaining-retention-days s3:object-lock-retain-until-date
s3:ObjectCreationOperation s3:prefix s3:RequestObjectTag/class s3:RequestObjectTagKeys s3:ResourceAccount
s3:signatureAge s3:signatureversion s3:TlsVersion s3:VersionId s3:x-amz-acl s3:x-amz-content-sha256
s3:x-amz-copy-source s3:x-amz-grant-full-control s3:x-amz-grant-read s3:x-amz-grant-read-acp s3:x-amz-grant-write
s3:x-amz-grant-write-acp s3:x-amz-metadata-directive s3:x-amz-object-ownership s3:x-amz-server-side-encryption
s3:x-amz-server-side-encryption-aws-kms-key-id s3:x-amz-server-side-encryption-customer-algorithm
s3:x-amz-storage-class s3:x-amz-website-redirect-location

sns:Endpoint sns:Protocol

ssm:AutoApprove ssm:DocumentCategories ssm:DocumentType ssm:Overwrite ssm:Policies ssm:Recursive ssm:resourceTag/tenant
ssm:SessionDocumentAccessCheck ssm:SourceInstanceARN ssm:SyncType

secretsmanager:AddReplicaRegions secretsmanager:BlockPublicPolicy secretsmanager:Description
secretsmanager:ForceDeleteWithoutRecovery secretsmanager:ForceOverwriteReplicaSecret secretsmanager:KmsKeyArn
secretsmanager:KmsKeyId secretsmanager:ModifyRotationRules secretsmanager:Name secretsmanager:RecoveryWindowInDays
secretsmanager:resource/AllowRotationLambdaArn secretsmanager:resource/Type secretsmanager:ResourceTag/tenant
secretsmanager:RotateImmediately secretsmanager:RotationLambdaARN secretsmanager:SecretId
secretsmanager:SecretPrimaryRegion secretsmanager:Type secretsmanager:VersionId secretsmanager:VersionStage
"""


def known(key: str) -> bool:
    owner = service(key.partition(":")[0])
    return keys.is_global(key.lower()) or (owner is not None and owner.type_of(key.lower()) is not None)


@pytest.mark.parametrize("key", [*GLOBAL.split(), *SERVICES.split()])
def test_a_key_of_aws_is_known(key: str) -> None:
    assert known(key)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("aws:PrincipleTag/tenant", id="a misspelt family"),
        pytest.param("aws:PrincipalTag/", id="a family without a member"),
        pytest.param("aws:PrincipalTag", id="a family without even a slash"),
        pytest.param("aws:SourceIp/x", id="a member of what is no family"),
        pytest.param("secretsmanager:resource/Other", id="a member that a service does not have"),
        pytest.param("dynamodb: LeadingKeys", id="a blank"),
        pytest.param("sqs:QueueName", id="a service without keys of its own"),
        pytest.param("aws:", id="nothing"),
    ],
)
def test_what_comes_close_to_a_key_is_none(key: str) -> None:
    assert not known(key)


def test_the_tables_of_global_keys_are_in_lower_case_and_agree() -> None:
    assert all(key == key.lower() and key.startswith("aws:") for key in keys.GLOBAL)
    assert keys.OF_RESOURCES | keys.MULTIVALUED <= keys.GLOBAL


@pytest.mark.parametrize("key", ["aws:requesttag/tenant", "aws:resourcetag/tenant", "aws:tagkeys"])
def test_a_tag_is_a_key_of_some_actions_alone(key: str) -> None:
    assert keys.is_of_resources(key)
    assert not keys.is_of_resources("aws:principaltag/tenant")


def test_the_multivalued_keys_are_those_of_the_page() -> None:
    """IAM User Guide, "AWS global condition context keys": "Value type – Multivalued"."""
    names = """
        aws:CalledVia aws:PrincipalOrgPaths aws:PrincipalServiceNamesList aws:ResourceOrgPaths aws:SourceOrgPaths
        aws:TagKeys aws:VpceOrgPaths
    """
    assert {name.lower() for name in names.split()} == keys.MULTIVALUED
