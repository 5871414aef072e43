"""Values that were picked to break out of a policy: none may ever change more than the value itself."""

WILDCARDS = [
    '*', '**', '?', '??', 'a*', '*a', 'a?b', 'a/*', '*/*', '%2a', '&#42;', '\\u002a', '\\x2a', '\uff0a',
    '\u2217', '\u204e', '\ufe61', '\u066d', 'a\u200b*', '*\x00', '[a-z]*', '{a,b}', '(.*)', '^.*$', '+',
    '~*', "'*'", '"*"', '`*`',
]  # fmt: skip
VARIABLES = [
    '${aws:username}', '${aws:userid}', '${aws:PrincipalTag/tenant}', '${aws:PrincipalArn}', '${*}',
    '${?}', '${$}', '${', '}', '$', '$$', '${}', '${${*}}', '$${*}', '${$}{*}',
    "${aws:PrincipalTag/x, '*'}", '${s3:prefix}', '$ {*}', '${aws:username', 'aws:username}',
    '\\${aws:username}', '${{aws:username}}', '${$}${*}', '%24%7Baws:username%7D', '${AWS:USERNAME}',
    '${cognito-identity.amazonaws.com:sub}', '$(id)', '#{x}', '$\u200b{*}', '\uff04{*}',
]  # fmt: skip
JSON = [
    '"', '\\"', '\\', '\\\\', '\\\\"', 'a"', '"a', '","Resource":"*', '"],"Resource":["*', '"}]}',
    '"},{"Effect":"Allow', 'x"},{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny',
    '","NotResource":"x', '","Effect":"Allow', '\\u0022', '\\u0022,\\u0022*', '\\', 'a\\', '\\/', '\\n',
    '\\b', '\\u', '\\u00', '\\uD83D', '\\ud800', "'", "''", '/*', '*/', '//', '# x', '<!-- -->',
    '\u201d', '\uff02', '&quot;', '%22', '\x00"', '"\x00', '[', ']', '{', '}', ',', ':', 'null', 'true',
    '0', '-1', '1e9', 'NaN', 'Infinity', '[]', '{}', '""',
]  # fmt: skip
JINJA = [
    '{{ 7*7 }}', '{{', '}}', '{%', '%}', '{#', '#}', '{{ tenant }}', '{{ bucket }}', '{% if true %}',
    '{% raw %}', "{{ ''.__class__.__mro__ }}", '{{ self }}', '{{ lipsum.__globals__ }}', '{{ config }}',
    '{{ cycler }}', "{% include '_dynamodb-keys.json.j2' %}", '{% for x in y %}', '{{ range(10**9) }}',
    '{{ scopes }}', '${{ tenant }}', '{{ tenant|safe }}', "{{ '*' }}", '%(tenant)s', '%s', '{0}',
    '{tenant}', '{tenant.__class__}', '%', '%%', '<%= 1 %>',
]  # fmt: skip
PATHS = [
    '.', '..', '../', '../other', 'a/..', 'a/../b', './', '/', '//', '/a', 'a/', 'a//b', 'a/b', '\\..\\',
    '..\\other', '%2e%2e', '%2f', '%2e%2e%2f', '..%2f', '..;/', '...', '....//', '\u2024\u2024/',
    '\uff0e\uff0e', '\u2215', '\u2044', 'a\u2215b', 'arn:aws:s3:::other/*', 'arn:aws:iam::1:role/x',
    '::::::', ':', 'a:b', 'tenants/other', '?prefix=', '#fragment',
]  # fmt: skip
CHARACTERS = [
    '', ' ', '  ', '\t', '\n', '\r', '\r\n', '\x0b', '\x0c', '\x00', 'a\x00', '\x00a', '\x01',
    '\x1b[31m', '\x7f', '\x80', '\x85', '\x9f', '\xa0', '\xad', 'a ', ' a', 'a\n', 'a\r\nHost: x',
    '\u0100', '\u0301', 'e\u0301', '\xe9', '\u2028', '\u2029', '\u200b', '\u200d', '\u202e', '\ufeff',
    '\ufffd', '\uffff', '\ud800', '\udc00', '\ud83d\ude00', '\U0001f600', '\U000e0001', '\ue000',
    '\uf8ff', '\U000f0000', '\U000f0001', '\U000f0080', '\U000ffffd', '\U00100000', '\U0010ffff',
    '\u0430cme', '\uff41\uff43', '\u212a', '\u0131', '\u1e9e', '\ufb01', "a" * 33, "a" * 2048,
    "a" * 100_000, 'ACME', 'Acme', 'acme ', 'acme\u200b',
]  # fmt: skip
HOSTILE = tuple(dict.fromkeys([*WILDCARDS, *VARIABLES, *JSON, *JINJA, *PATHS, *CHARACTERS]))
