"""The configuration loads whole, or not at all with every problem in one error."""

from pathlib import Path
from typing import Any

import pytest

from authorizer.engine import partition_of
from authorizer.errors import SettingsError
from authorizer.settings.load import load, load_deployed
from authorizer.settings.schema import Settings
from authorizer.tokens.algorithms import ALGORITHMS
from tests.make import ACCESS, make_settings, sample_environment, sample_settings

POOL = {"user_pool": "eu-west-1_EXAMPLE01", "client_ids": ["app"], "token_use": ["id"]}


def problems(**changes: Any) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        make_settings(**changes)
    return caught.value.problems


def issuer(**changes: Any) -> Settings:
    table = {key: value for key, value in {**POOL, **changes}.items() if value is not None}
    return make_settings(issuers=[table])


def issuer_problems(**changes: Any) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        issuer(**changes)
    return caught.value.problems


def test_the_bundled_configuration_loads_from_its_files() -> None:
    settings, templates = load(ACCESS, sample_environment())
    assert settings.roles["editor"].uses == {"sub", "tenant"}
    assert settings.roles["importer"].uses == {"client"}
    assert set(templates.names) >= {"s3-home", "s3-tenant", "dynamodb-tenant", "tenant-data", "s3-client"}


def test_both_forms_of_a_pool_s_issuer_are_believed() -> None:
    assert set(sample_settings().issuers) == {
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE01",
        "https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE01",
    }


def test_one_form_may_be_chosen_and_keys_may_stand_elsewhere() -> None:
    settings = issuer(issuer_forms=["original"], jwks_uri="http://127.0.0.1:9/keys")
    [entry] = settings.issuers.values()
    assert entry.issuer == "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE01"
    assert entry.jwks_uri == "http://127.0.0.1:9/keys"


@pytest.mark.parametrize(
    ("pool", "host"),
    [
        pytest.param("eu-west-1_EXAMPLE01", "eu-west-1.amazonaws.com", id="aws"),
        pytest.param("ap-southeast-2_EXAMPLE01", "ap-southeast-2.amazonaws.com", id="aws, another Region"),
        pytest.param("cn-north-1_EXAMPLE01", "cn-north-1.amazonaws.com.cn", id="aws-cn"),
        pytest.param("us-gov-west-1_EXAMPLE01", "us-gov-west-1.amazonaws.com", id="aws-us-gov"),
        pytest.param("eusc-de-east-1_EXAMPLE01", "eusc-de-east-1.amazonaws.eu", id="aws-eusc"),
    ],
)
def test_a_pool_has_the_domain_of_its_partition(pool: str, host: str) -> None:
    urls = [f"https://{service}.{host}/{pool}" for service in ("cognito-idp", "issuer-cognito-idp")]
    settings = issuer(user_pool=pool)
    assert list(settings.issuers) == urls
    assert [entry.jwks_uri for entry in settings.issuers.values()] == [
        f"{url}/.well-known/jwks.json" for url in urls
    ]


REPLICATED = {"user_pool": "us-east-1_X1", "regions": ["us-west-2", "eu-central-1"]}


def test_a_pool_s_replicas_sign_under_their_own_regions_and_the_pool_s_id() -> None:
    """As awslabs/aws-jwt-verify, issue 282 has it. In the updated form all write the primary's Region."""
    original = [
        f"https://cognito-idp.{region}.amazonaws.com/us-east-1_X1"
        for region in ("us-east-1", "us-west-2", "eu-central-1")
    ]
    updated = "https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_X1"
    settings = issuer(**REPLICATED)
    assert list(settings.issuers) == [*original, updated]
    assert all(entry.jwks_uri == f"{iss}/.well-known/jwks.json" for iss, entry in settings.issuers.items())
    assert list(issuer(**REPLICATED, issuer_forms=["original"]).issuers) == original
    alone = {"user_pool": "us-east-1_X1", "issuer_forms": ["updated"]}
    assert list(issuer(**alone).issuers) == [updated]
    given = issuer(**REPLICATED, jwks_uri="https://keys.example.com").issuers
    assert {entry.jwks_uri for entry in given.values()} == {"https://keys.example.com"}
    assert list(given) == [*original, updated]


def test_each_row_of_pools_has_its_own_replicas() -> None:
    rows = [
        {"user_pool": "us-east-1_X1", "regions": ["us-west-2"], "client_ids": ["a"]},
        {"user_pool": "eusc-de-east-1_X2", "client_ids": ["b"]},
    ]
    settings = make_settings(
        issuers=[{"token_use": ["id"], "issuer_forms": ["original"], "speaks_for": "any", "pools": rows}]
    )
    assert list(settings.issuers) == [
        "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_X1",
        "https://cognito-idp.us-west-2.amazonaws.com/us-east-1_X1",
        "https://cognito-idp.eusc-de-east-1.amazonaws.eu/eusc-de-east-1_X2",
    ]
    assert [entry.name for entry in settings.issuers.values()] == [
        "us-east-1_X1",
        "us-east-1_X1",
        "eusc-de-east-1_X2",
    ]


@pytest.mark.parametrize(
    ("pool", "replica"),
    [
        pytest.param("cn-north-1_X1", "cn-northwest-1", id="aws-cn"),
        pytest.param("us-gov-west-1_X1", "us-gov-east-1", id="aws-us-gov"),
        pytest.param("eusc-de-east-1_X1", "eusc-de-west-1", id="aws-eusc"),
    ],
)
def test_replicas_stay_in_their_partition(pool: str, replica: str) -> None:
    urls = issuer(user_pool=pool, regions=[replica], issuer_forms=["original"]).issuers
    assert [iss.replace(replica, pool.partition("_")[0]) for iss in urls][1] == next(iter(urls))
    for other in {"cn-northwest-1", "us-gov-east-1", "eusc-de-west-1", "us-east-1"} - {replica}:
        assert issuer_problems(user_pool=pool, regions=[other]) == (
            f"policies/access.toml:11: issuers[0].regions: '{other}' is not in "
            f"'{partition_of(replica)}', where the pool is",
        )


SHARED: dict[str, Any] = {
    "statement": "OwnObjects",
    "actions": ["s3:GetObject"],
    "resources": ["arn:aws:s3:::{{ bucket }}/common/*"],
}
OIDC: dict[str, Any] = {"kind": "oidc", "user_pool": None, "issuer": "https://id.example.com"}


@pytest.mark.parametrize(
    ("changes", "algorithm"),
    [
        pytest.param({}, "RS256", id="a pool"),
        pytest.param({"algorithm": "RS256"}, "RS256", id="a pool that says so"),
        pytest.param(OIDC, "RS256", id="a provider"),
        *(pytest.param({**OIDC, "algorithm": name}, name, id=f"a provider, {name}") for name in ALGORITHMS),
    ],
)
def test_an_issuer_signs_with_the_algorithm_that_is_pinned(changes: dict[str, Any], algorithm: str) -> None:
    assert {entry.algorithm for entry in issuer(**changes).issuers.values()} == {algorithm}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        *(
            pytest.param(
                {"algorithm": name}, "algorithm: expected one of 'RS256', found", id=f"a pool, {name}"
            )
            for name in ("ES256", "EdDSA", "none", "HS256", "rs256")
        ),
        *(
            pytest.param(
                {**OIDC, "algorithm": name},
                "algorithm: expected one of 'RS256', 'ES256', 'EdDSA', found",
                id=f"a provider, {name}",
            )
            for name in ("none", "HS256", "ES384", "PS256", "Ed25519")
        ),
        pytest.param({"algorithm": ["RS256"]}, "algorithm: expected a text", id="two algorithms"),
        pytest.param(
            {"regions": ["eu-west-1"]}, "is the pool's own Region", id="the primary among its replicas"
        ),
        pytest.param({"regions": ["us-west-2"] * 2}, "stands here twice", id="a replica twice"),
        pytest.param({"regions": ["cn-north-1"]}, "is not in 'aws'", id="a replica in another partition"),
        pytest.param({"regions": ["europe"]}, "expected an AWS Region", id="a replica nowhere"),
        pytest.param({"regions": "us-west-2"}, "expected a list", id="a replica that is no list"),
        pytest.param(
            {"regions": ["us-west-2"], "issuer_forms": ["updated"]},
            "says nothing without the issuer form 'original'",
            id="replicas in the updated form alone",
        ),
        pytest.param({**OIDC, "regions": ["us-west-2"]}, "is about a user_pool", id="replicas of a provider"),
        pytest.param({**OIDC, "issuer_forms": ["original"]}, "unknown setting", id="forms of a provider"),
        *(
            pytest.param({"user_pool": pool}, "expected a user pool id", id=f"a pool in {pool}")
            for pool in (
                *(
                    "eusc_X1",
                    "eusc-de_X1",
                    "eusc-east-1_X1",
                    "cn-gov-north-1_X1",
                    "europe-west-1_X1",
                ),
                *("EU-WEST-1_X1", "eu-west-1_", "eu-west-1-X1", "xeusc-de-east-1_X1", "eu-west-1_X1/"),
            )
        ),
    ],
)
def test_an_algorithm_and_regions_that_make_no_sense_do_not_load(
    changes: dict[str, Any], expected: str
) -> None:
    found = issuer_problems(**changes)
    assert expected in found[0]
    assert not any("configured twice" in problem for problem in found)
    assert len([problem for problem in found if ".regions: " in problem]) <= 1, "one reason for one Region"


def test_a_function_reads_the_file_that_its_environment_names() -> None:
    deployed = {**sample_environment(), "LAMBDA_TASK_ROOT": str(ACCESS.parent.parent)}
    assert load_deployed(deployed).settings.place == str(ACCESS)
    with pytest.raises(SettingsError, match=r"other/access\.toml: cannot be read"):
        load_deployed({**deployed, "AUTHORIZER_ACCESS": "other/access.toml"})


def test_a_plain_oidc_issuer_is_another_kind() -> None:
    plain = {"kind": "oidc", "user_pool": None, "issuer": "https://id.example.com"}
    settings = issuer(**plain, audiences=["https://api.example.com"])
    assert (
        settings.issuers["https://id.example.com"].jwks_uri == "https://id.example.com/.well-known/jwks.json"
    )


def test_the_keys_of_an_issuer_that_ends_in_a_slash_are_below_it_and_its_name_stays_exact() -> None:
    """OpenID Connect Discovery 1.0 §4: "any terminating / MUST be removed" before the path is appended."""
    name = "https://tenant.eu.auth0.com/"
    row = {"issuer": name, "kind": "oidc", "client_ids": ["a"], "token_use": ["id"]}
    (issuer,) = make_settings(issuers=[row]).issuers.values()
    assert issuer.issuer == name
    assert issuer.jwks_uri == "https://tenant.eu.auth0.com/.well-known/jwks.json"


def test_an_oidc_provider_s_access_tokens_need_the_name_of_this_api() -> None:
    plain: dict[str, Any] = {"kind": "oidc", "user_pool": None, "issuer": "https://id.example.com"}
    assert any("RFC 9068" in problem for problem in issuer_problems(**plain, token_use=["access"]))
    assert issuer(**plain, token_use=["id"]).issuers["https://id.example.com"].audiences == frozenset()


def test_skipping_the_client_check_must_be_said_aloud() -> None:
    assert next(iter(issuer(client_ids="any").issuers.values())).client_ids is None
    assert any("client_ids" in problem for problem in issuer_problems(client_ids=None))
    assert any("client_ids" in problem for problem in issuer_problems(client_ids=[]))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"token_use": []}, "token_use: the list is empty", id="no token use"),
        pytest.param({"token_use": ["refresh"]}, "expected id or access", id="an unknown token use"),
        pytest.param({"user_pool": "EXAMPLE"}, "expected a user pool id", id="a pool without a Region"),
        pytest.param({"user_pool": None}, "expected either user_pool or issuer", id="no issuer at all"),
        pytest.param({"issuer": "https://x"}, "expected either user_pool or issuer", id="two issuers in one"),
        pytest.param({"jwks_uri": "http://keys.example.com"}, "expected an https URL", id="keys over http"),
        pytest.param({"jwks_uri": "file:///etc/passwd"}, "expected an https URL", id="keys from a file"),
        pytest.param({"leeway": "1d"}, "expected a duration", id="a duration of days"),
        pytest.param({"leeway": "10m"}, "expected 0s to 5m", id="a leeway of ten minutes"),
        pytest.param({"audience": "x"}, "unknown setting", id="an unknown key"),
        pytest.param({"client_id": "x"}, "did you mean 'client_ids'", id="a misspelt key"),
    ],
)
def test_an_issuer_that_cannot_be_believed_does_not_load(changes: dict[str, Any], expected: str) -> None:
    assert any(expected in problem for problem in issuer_problems(**changes))


def test_a_configuration_without_issuers_believes_nobody_and_does_not_load() -> None:
    assert any("nobody may sign" in problem for problem in problems(issuers=[]))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"roles": None}, "no role may be assumed", id="no roles"),
        pytest.param(
            {"roles": {"editor": {"arn": "arn:aws:iam::1:user/x"}}}, "ARN of an IAM role", id="a user's ARN"
        ),
        pytest.param(
            {"roles": {"editor": {"policies": []}}}, "the list is empty", id="a role without a policy"
        ),
        pytest.param(
            {"roles": {"default": {"arn": "arn:aws:iam::123456789012:role/x", "policies": ["s3-home"]}}},
            "no role may be called 'default'",
            id="a role that asks for no role",
        ),
        pytest.param(
            {"roles": {"editor": {"policies": ["x"]}}}, "there is no template 'x'", id="an unknown template"
        ),
        pytest.param(
            {"roles": {"editor": {"arn": "env:ADMIN_ROLE_ARN"}}},
            "is the ARN of role",
            id="two roles of one ARN",
        ),
        pytest.param(
            {"roles": {"editor": {"duration": "14m"}}}, "expected 15m to 1h", id="a session too short"
        ),
        pytest.param(
            {"roles": {"editor": {"duration": "2h"}}}, "expected 15m to 1h", id="a session too long"
        ),
        pytest.param(
            {"roles": {"editor": {"session_tags": {"aws:x": "tenant"}}}},
            "has a key that STS does not take: 'aws:x'",
            id="a reserved tag key",
        ),
        pytest.param(
            {"roles": {"editor": {"session_tags": {"t": "nobody"}}}},
            "there is no claim 'nobody'",
            id="a tag of nothing",
        ),
        pytest.param(
            {"roles": {"editor": {"transitive_tags": ["t"]}}},
            "names tags that are not among session_tags: ['t']",
            id="a transitive tag alone",
        ),
        pytest.param({"session": {"name": "app"}}, "names no claim", id="one session name for everybody"),
        pytest.param({"session": {"name": "{x}"}}, "there is no claim 'x'", id="a session name of no claim"),
        pytest.param(
            {"session": {"name": "{sub!r}"}}, "expected a text such as", id="a conversion in a session name"
        ),
        pytest.param({"session": {"name": "{sub"}}, "expected a text such as", id="an open brace"),
        pytest.param(
            {"groups": {"editors": {"role": "x"}}}, "there is no role 'x'", id="a group's unknown role"
        ),
        pytest.param(
            {"groups": {"editors": {"scopes": ["x"]}}}, "there is no scope 'x'", id="an unknown scope"
        ),
        pytest.param({"groups": {"editors": {"precedence": -1}}}, "whole number", id="a negative precedence"),
        pytest.param(
            {"groups": {"editors": {"precedence": True}}}, "whole number", id="a precedence of true"
        ),
        pytest.param(
            {"resolution": {"ambiguous": "x"}}, "there is no role 'x'", id="an unknown default role"
        ),
        pytest.param(
            {"resolution": {"role_header": "x role"}}, "name of a header", id="a header with a space"
        ),
        pytest.param(
            {"policies": {"x": {"isolates": "sub"}}}, "there is no template 'x'", id="a policy of no file"
        ),
        pytest.param(
            {"policies": {"s3-home": {"isolates": "x"}}}, "there is no claim 'x'", id="isolates nothing"
        ),
        pytest.param(
            {"policies": {"s3-home": {"isolates": ["sub", "x"]}}},
            "there is no claim 'x'",
            id="isolates nothing beside something",
        ),
        pytest.param(
            {"policies": {"s3-home": {"isolates": []}}}, "the list is empty", id="isolates by an empty list"
        ),
        pytest.param(
            {"policies": {"s3-home": {"isolates": ["sub", "sub"]}}}, "stands here twice", id="isolates twice"
        ),
        pytest.param(
            {"policies": {"s3-home": {"isolates": 5}}},
            "expected a text, found a number",
            id="isolates a number",
        ),
        pytest.param(
            {"claims": {"tenant": {"list": "comma", "type": "opaque", "max_items": 2}}},
            "two lists could be one text",
            id="a list that can be read in two ways",
        ),
        pytest.param(
            {"claims": {"tenant": {"lower_case": "yes"}}},
            "`lower_case` is 'yes'",
            id="a case that is no boolean",
        ),
        pytest.param(
            {"claims": {"tenant": {"fallback": "env:NO_SUCH"}}},
            "the environment variable NO_SUCH is not set",
            id="a fallback of no variable",
        ),
        pytest.param(
            {"claims": {"tenant": {"claim": '"custom:tenant_id"'}}},
            "quotes are for a name with a dot in it: expected 'custom:tenant_id'",
            id="quotes that are not needed",
        ),
        pytest.param(
            {"claims": {"tenant": {"claim": '"org.unit'}}},
            "expected a claim such as `sub`",
            id="an open quote",
        ),
        *(
            pytest.param({"policies": {"s3-home": {"shared": shared}}}, said, id=f"shared: {said}")
            for shared, said in (
                (["nonsense"], "expected tables that say of which statement"),
                ("nonsense", "expected tables that say of which statement"),
                (
                    [{**SHARED, "resources": ["nonsense"]}],
                    "expected arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME",
                ),
                ([{**SHARED, "resources": ["arn:aws:s3:::b/${aws:username}"]}], "has a policy variable"),
                ([{**SHARED, "resources": ["*"]}], "would share everything"),
                (
                    [{**SHARED, "resources": ["arn:aws:s3:::b/{{ sub }}"]}],
                    "`sub` is no name under [variables]",
                ),
                ([{**SHARED, "actions": ["s3"]}], "expected SERVICE:NAME"),
                ([{**SHARED, "statement": "Nobody"}], "no statement of the template has the `Sid` 'Nobody'"),
                ([{**SHARED, "statement": "a b"}], "expected the `Sid` of a statement"),
                ([{**SHARED, "resource": "x"}], "unknown setting"),
            )
        ),
        pytest.param({"claims": {"x": {"type": "nonsense"}}}, "nonsense", id="an unknown claim type"),
        pytest.param(
            {"claims": {"a-b": {"type": "uuid"}}}, "letters, digits and underscores", id="a claim's name"
        ),
        pytest.param(
            {"claims": {"bucket": {"type": "uuid"}}}, "is the name of a claim too", id="claim and variable"
        ),
        pytest.param(
            {"claims": {"tenant": "slug"}}, "expected a table, found a text", id="a claim that is no table"
        ),
        pytest.param({"variables": {"bucket": "a*"}}, "printable ASCII", id="a wildcard in a constant"),
        pytest.param({"variables": {"bucket": "env:NOT_SET"}}, "NOT_SET is not set", id="a missing variable"),
        pytest.param(
            {"variables": {"bucket": 7}}, "expected a text, found a number", id="a number for a text"
        ),
        pytest.param({"scopes": {"x": ["GET /users/{id}"]}}, "path parameter", id="a path parameter"),
        pytest.param({"scopes": {"x": ["get /a"]}}, 'expected "METHOD /path"', id="a method in lower case"),
        pytest.param({"scopes": {"x": ["/a"]}}, 'expected "METHOD /path"', id="no method"),
        pytest.param({"scopes": {"x": ["GET /a?b"]}}, 'expected "METHOD /path"', id="a question mark"),
        pytest.param({"scopes": {"x": ["GET /${a}"]}}, "path parameter", id="a policy variable"),
        pytest.param({"scopes": {"x": []}}, "the list is empty", id="a scope that opens nothing"),
        pytest.param({"scopes": {"x": ["GET /a/../b"]}}, "opens nothing", id="a path that walks up"),
        pytest.param({"scopes": {"x": ["GET //"]}}, "opens nothing", id="a path with an empty segment"),
        pytest.param({"scopes": {"x": ["GET /a;b"]}}, "opens nothing", id="a path with a semicolon"),
        pytest.param({"scopes": {"x": ["GET /a%2Fb"]}}, "opens nothing", id="a path with an encoded slash"),
        pytest.param({"scopes": {"a b": ["GET /a"]}}, "expected a scope", id="a scope with a space"),
        pytest.param(
            {"rules": [{"claim": "x", "match": "Like", "value": "y", "role": "editor"}]}, "Like", id="a match"
        ),
        pytest.param(
            {"rules": [{"claim": "x", "match": "Equals", "value": "y", "role": "z"}]},
            "no role 'z'",
            id="a rule's role",
        ),
        pytest.param(
            {"gateway": {"result_ttl": None}}, "gateway.result_ttl: is required", id="no result TTL"
        ),
        pytest.param(
            {"gateway": {"result_ttl": "2h"}}, "expected 0s to 1h", id="a result TTL beyond the gateway's"
        ),
        pytest.param(
            {"gateway": {"context_claims": ["x"]}}, "there is no claim 'x'", id="an unknown context claim"
        ),
        pytest.param(
            {
                "claims": {"roleArn": {"type": "slug", "max_length": 9}},
                "gateway": {"context_claims": ["roleArn"]},
            },
            "reserved name",
            id="a context claim of a reserved name",
        ),
        pytest.param(
            {"gateway": {"usage_key_claim": "x"}}, "there is no claim 'x'", id="an unknown usage key"
        ),
        pytest.param(
            {"gateway": {"token_sources": ["cookie:x"]}}, '"header:NAME"', id="an unknown token source"
        ),
        pytest.param({"gateway": {"token_sources": []}}, "no request could carry", id="no token source"),
        pytest.param(
            {"gateway": {"identity_sources": ["authorization"]}},
            "decides the role and is not listed",
            id="role header",
        ),
        pytest.param(
            {"gateway": {"response": "simple"}},
            "set result_ttl to 0s, or response",
            id="a cached simple response",
        ),
        pytest.param(
            {
                "gateway": {
                    "response": "simple",
                    "identity_sources": ["authorization", "x-role", "$context.routeKey", "$context.path"],
                }
            },
            "the gateway's cache would repeat it for others",
            id="a cached simple response, whatever it is keyed by",
        ),
        pytest.param(
            {"gateway": {"identity_sources": ["x-role"], "token_sources": ["header:authorization"]}},
            "another's answer from the cache",
            id="a token that the cache does not look at",
        ),
        pytest.param(
            {
                "gateway": {
                    "identity_sources": ["x-role"],
                    "token_sources": ["header:authorization", "query:token"],
                }
            },
            "another's answer from the cache",
            id="two places for a token, and the cache looks at neither",
        ),
        pytest.param(
            {"gateway": {"token_sources": ["query:token"]}},
            "another's answer from the cache",
            id="a token in the query, and a cache that looks at headers",
        ),
        pytest.param(
            {"gateway": {"result_ttl": "1h"}},
            "a backend would get expired credentials",
            id="a TTL as long as a session",
        ),
        pytest.param({"keys": {"cooldown": "1s"}}, "timeout < cooldown < max_age", id="fetches that overlap"),
        pytest.param(
            {"keys": {"cooldown": "1h"}}, "timeout < cooldown < max_age", id="a cool-down beyond the age"
        ),
        pytest.param({"gatway": {}}, "did you mean 'gateway'", id="a misspelt section"),
        pytest.param({"issuers": {}}, "written [[issuers]]", id="a table where an array belongs"),
        pytest.param(
            {"groups": {"x": {"scopes": "data:read"}}}, "expected a list of texts", id="a text for a list"
        ),
        pytest.param(
            {"groups": {"x": {"scopes": ["data:read"] * 2}}}, "stands here twice", id="a repeated scope"
        ),
    ],
)
def test_a_configuration_that_contradicts_itself_does_not_load(
    changes: dict[str, Any], expected: str
) -> None:
    found = problems(**changes)
    assert any(expected in problem for problem in found), found


@pytest.mark.parametrize(
    "changes",
    [
        {"result_ttl": "0s", "identity_sources": ["authorization"]},
        {"result_ttl": "0s", "response": "simple"},
    ],
)
def test_without_a_cache_nothing_has_to_be_in_its_key(changes: dict[str, Any]) -> None:
    assert make_settings(gateway=changes).gateway.result_ttl == 0


def test_a_token_in_the_query_may_be_cached_where_the_cache_is_keyed_by_it() -> None:
    changes = {"identity_sources": ["query:token", "x-role"], "token_sources": ["query:token"]}
    assert make_settings(gateway=changes).gateway.result_ttl > 0


def test_all_problems_are_reported_together_each_with_its_line(tmp_path: Path) -> None:
    text = (
        ACCESS.read_text()
        .replace('"env:APP_CLIENT_ID"', '"env:NOBODY"')
        .replace('"dynamodb-tenant"]', '"typo"]')
    )
    (tmp_path / "templates").symlink_to(ACCESS.parent / "templates")
    file = tmp_path / "access.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(file, sample_environment())
    lines = dict(enumerate(text.splitlines(), start=1))
    found = caught.value.problems
    assert len(found) == 2  # the template is named twice, and missing once
    assert found[1].endswith("there is no template 'typo' (and in 1 more place)")
    for problem in found:
        place, line, key, *_ = problem.split(":")
        assert place == str(file)
        assert key.strip().rpartition(".")[2] in lines[int(line)]
    assert str(caught.value).startswith("2 problems in the configuration:\n")


def test_keys_may_be_pinned_in_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "templates").symlink_to(ACCESS.parent / "templates")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "pool.json").write_text('{"keys": []}')
    file = tmp_path / "access.toml"
    file.write_text(ACCESS.read_text().replace("[[issuers]]", '[[issuers]]\npinned_keys = "pool.json"'))
    settings = load(file, sample_environment()).settings
    assert {issuer.pinned_keys for issuer in settings.issuers.values()} == {'{"keys": []}'}
    file.write_text(file.read_text().replace("pool.json", "../access.toml"))
    with pytest.raises(SettingsError, match=r"there is no file '\.\./access\.toml'"):
        load(file, sample_environment())


def test_a_file_that_is_no_toml_is_one_problem(tmp_path: Path) -> None:
    file = tmp_path / "access.toml"
    file.write_text("[[issuers]")
    with pytest.raises(SettingsError, match="cannot be read"):
        load(file, {})
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "missing.toml", {})


def test_a_template_that_does_not_compile_is_a_problem_of_the_configuration() -> None:
    broken = {"broken": '{"Version": "2012-10-17", "Statement": [{{ nobody }}]}'}
    with pytest.raises(SettingsError) as caught:
        make_settings(templates=broken)
    assert any("nobody" in problem for problem in caught.value.problems)


def test_the_value_of_a_variable_is_not_repeated_because_it_may_be_a_secret() -> None:
    found = problems(environment={"EXTERNAL": "s3cret ü"}, roles={"editor": {"external_id": "env:EXTERNAL"}})
    assert any("the environment variable EXTERNAL" in problem for problem in found)
    assert not any("s3cret" in problem for problem in found)


def test_what_a_policy_shares_is_read_with_the_constants_of_the_deployment() -> None:
    settings = make_settings(policies={"s3-home": {"shared": [SHARED]}})
    (sharing,) = settings.policies["s3-home"].shared
    assert sharing.told == "OwnObjects: s3:GetObject on arn:aws:s3:::example-data/common/*"


def test_a_problem_of_what_a_policy_shares_has_file_line_and_key() -> None:
    with pytest.raises(
        SettingsError, match=r"policies/access\.toml:\d+: policies\.s3-home\.shared: expected tables"
    ):
        make_settings(policies={"s3-home": {"shared": ["${aws:username}"]}})


def test_a_fallback_is_a_text_or_what_its_type_reads() -> None:
    claims = {
        "tenant": {"fallback": "env:NOBODY"},
        "beta": {"type": "boolean", "fallback": False},
        "unit": {"type": "slug", "claim": '"org.unit"', "lower_case": True},
        "teams": {"type": "slug", "list": "space", "max_items": 2},
    }
    found = make_settings(claims=claims, environment={"NOBODY": "_none"}).claims
    assert found["tenant"].type.fallback == "_none"
    assert found["beta"].type.fallback == "false"
    assert found["unit"].type.lower_case
    assert found["unit"].claim == '"org.unit"'
    assert found["teams"].type.written == "space"


def test_a_policy_isolates_by_one_claim_or_several() -> None:
    policies = make_settings(
        policies={"s3-home": {"isolates": ["tenant", "sub"]}, "s3-client": {"isolates": None}}
    ).policies
    assert policies["s3-home"].isolates == ("tenant", "sub")
    assert policies["s3-tenant"].isolates == ("tenant",)
    assert policies["s3-client"].isolates == ()
