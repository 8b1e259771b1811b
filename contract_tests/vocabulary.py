"""Names that other APIs obey and that this document does not know: parameters and headers."""

Words = tuple[tuple[str, tuple[str, ...]], ...]
"""Names that stand for one thing, divided by spaces, and the values that are tried for them."""

HIDDEN_THINGS = (
    *("deleted", "archived", "trashed", "drafts", "inactive", "hidden", "revoked", "cancelled"),
    *("expired", "redeemed", "pending", "baskets", "all"),
)
"""What a list may leave out, and what asks for it at other services."""
ELSEWHERE = "3f2c1d4e-5b6a-4798-8c0d-1e2f3a4b5c6d"
"""An id of nothing."""
YES = ("1", "true")
"""What turns something on."""

INCLUDING: Words = (
    (
        "include",
        ("baskets", "all", "deleted", "archived", "drafts", "inactive", "revoked", "items"),
    ),
    ("expand embed with", ("all", "*", *HIDDEN_THINGS)),
    ("show status", ("all", "any", *HIDDEN_THINGS)),
    ("scope view type state", ("all", "none", "full", *HIDDEN_THINGS)),
)
"""Parameters with many values worth trying: another one in each request."""

PARAMETERS: Words = (
    ("direction dir sort_dir sort_order", ("asc", "desc", "reverse")),
    (
        "from since after start start_date date_from from_date created_after updated_since "
        "created_at[gte] date[from] min_date",
        ("2035-01-01", "2035-01-01T00:00:00Z"),
    ),
    (
        "to until before end end_date date_to to_date created_before created_at[lte] date[to]",
        ("2000-01-01", "2000-01-01T00:00:00Z"),
    ),
    ("now at as_of date today timestamp", ("2020-01-01T00:00:00Z", "2035-01-01T00:00:00Z")),
    ("year month period", ("2019", "2019-01")),
    ("fields select only properties", ("id", "none")),
    ("exclude omit except", ("id", "created_at")),
    (
        "limit offset skip top take size count page_size pageSize max max_results perPage "
        "page[size] page[limit] page[number] page[offset] start_index",
        ("1", "2"),
    ),
    ("cursor starting_after page_token", ("none", "1")),
    ("q search query keyword filter filter[id] filter[status] where", ("none", "all")),
    ("format output accept alt", ("csv", "xml", "html")),
    ("callback jsonp", ("show",)),
    ("envelope wrap", ("false", "0")),
    ("case naming", ("camel", "kebab")),
    ("lang language locale hl", ("de", "fr_FR")),
    ("tz timezone time_zone utc_offset", ("Asia/Tokyo", "-480")),
    ("currency units money", ("EUR", "major")),
    ("country region market", ("US", "DE")),
    (
        "brand brand_id site site_id organisation organisation_id organization_id org_id tenant "
        "tenant_id location location_id venue venue_id club_id store_id",
        (ELSEWHERE, "1"),
    ),
    ("group_by distinct unique", ("id", "status")),
    (
        "pretty debug verbose trace test preview draft admin is_admin force raw full details "
        "history internal refresh nocache dry_run compact flat minimal strict null empty first "
        "last latest reverse mine public active default upcoming past current primary valid "
        "available open closed used unused paid unpaid failed future due",
        YES,
    ),
    (" ".join(HIDDEN_THINGS), YES),
    (" ".join(f"with_{each}" for each in HIDDEN_THINGS), YES),
    (" ".join(f"include_{each}" for each in HIDDEN_THINGS), YES),
    (" ".join(f"show_{each}" for each in HIDDEN_THINGS[:6]), YES),
    (" ".join(f"only_{each}" for each in HIDDEN_THINGS[:6]), YES),
    ("version v api_version", ("2", "2020-01-01")),
    ("utm_source ref_source __proto__ a[b][c] _", ("1", "newsletter")),
    ("név", ("érték",)),
    ("note", ("x" * 300,)),
)
ASKING: Words = (("_method method http_method", ("GET", "HEAD", "OPTIONS")),)
ASKING_HEADERS: Words = (
    ("X-HTTP-Method-Override X-HTTP-Method X-Method-Override", ("HEAD", "OPTIONS")),
)
"""What some frameworks take for the method, with such as write nothing."""
OVERRIDING: Words = (("_method method http_method", ("DELETE", "POST", "delete")),)
OVERRIDING_HEADERS: Words = (
    ("X-HTTP-Method-Override X-HTTP-Method X-Method-Override", ("DELETE", "POST")),
)
"""The same with such as write; only decisions carry it, which are undone."""
REPEATED = (("tag", "a"), ("tag", "b"))
"""A parameter that stands twice."""
SUPPRESSING: Words = (
    (
        "suppress_response_codes suppress_status_codes suppress_status suppress_http_codes "
        "suppress_errors always_200 ignore_errors status_code http_status response_code",
        ("1", "true", "200"),
    ),
)
"""Parameters that ask for a success, whatever happened."""

CLIENT_HEADERS: Words = (
    (
        "User-Agent",
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/120.0.0.0 Mobile Safari/537.36",
            "okhttp/4.12.0",
            "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0",
            "CFNetwork/1408.0.4 Darwin/22.5.0",
            "curl/8.5.0",
        ),
    ),
    (
        "Accept",
        (
            "application/vnd.api+json",
            "text/plain",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "application/hal+json",
            "text/csv",
            "application/xml",
            "image/*",
            "application/json; version=2",
        ),
    ),
    ("Accept-Encoding", ("deflate", "gzip", "identity")),
    ("Accept-Language", ("de-CH,de;q=0.9", "ja", "*", "ar", "fr")),
    ("Content-Type", ("application/json",)),
    ("Time-Zone X-Time-Zone X-Timezone Timezone", ("Europe/London", "Asia/Tokyo", "-480")),
    ("Prefer", ("return=minimal", "respond-async", "return=representation", "handling=strict")),
    ("X-Requested-With", ("XMLHttpRequest", "com.example.app")),
    ("Sec-Fetch-Site", ("cross-site", "same-site", "none", "same-origin")),
    ("Sec-Fetch-Mode", ("cors", "no-cors", "navigate")),
)
"""What tells one client from another: other values in each request."""

HEADERS: Words = (
    ("Sec-Fetch-Dest", ("empty", "document")),
    ("DNT Sec-GPC", ("1",)),
    ("Save-Data", ("on",)),
    ("Viewport-Width Downlink", ("320", "1")),
    ("Sec-CH-UA-Mobile", ("?1", "?0")),
    ("Referer", ("https://elsewhere.example/", "https://shop.example/account")),
    ("X-Forwarded-For", ("127.0.0.1", "127.0.0.1, 203.0.113.9", "203.0.113.9", "10.0.0.1")),
    (
        "X-Real-IP True-Client-IP X-Client-IP CF-Connecting-IP",
        ("127.0.0.1", "10.0.0.1", "203.0.113.9"),
    ),
    ("Via CDN-Loop", ("1.1 elsewhere.example", "elsewhere.example")),
    ("Early-Data", ("1",)),
    ("X-Amzn-Trace-Id X-Cloud-Trace-Context", ("Root=1-67891233-abcdef012345678912345678",)),
    ("Idempotency-Key", ("none",)),
    ("X-Forwarded-Proto", ("https", "http")),
    ("X-Forwarded-Host", ("elsewhere.example",)),
    ("X-Forwarded-Prefix", ("/api",)),
    ("X-Forwarded-Port", ("8443", "80")),
    ("Forwarded", ("host=elsewhere.example",)),
    ("X-Internal X-Admin X-Debug X-Test X-Preview X-Draft X-Trusted", ("1", "true")),
    ("X-Role X-Roles X-Scope", ("admin", "staff")),
    ("X-Limit X-Page X-Per-Page X-Page-Size X-Offset", ("1", "2")),
    ("X-Sort X-Fields X-Filter X-Include X-Expand", ("id", "all", "created_at")),
    ("X-Currency", ("EUR", "USD")),
    ("X-Locale X-Language X-Lang X-Country", ("de", "JP")),
    ("X-Date X-Now X-Time", ("2020-01-01T00:00:00Z", "2035-01-01T00:00:00Z")),
    ("Accept-Version X-API-Version API-Version X-Version", ("2", "1", "2020-01-01")),
    ("X-Platform X-Device X-Channel X-Source", ("ios", "app", "kiosk")),
    ("X-App-Version X-Client-Version", ("1.0.0", "99.0.0")),
    ("X-Request-ID X-Correlation-ID", ("my-account-kit",)),
    ("Pragma", ("no-cache",)),
    ("Cache-Control", ("no-store", "max-age=0")),
    (
        "CF-IPCountry CloudFront-Viewer-Country X-Vercel-IP-Country X-Country-Code X-Geo-Country "
        "X-Region X-Market",
        ("US", "DE"),
    ),
    (
        "X-Brand X-Brand-Id X-Site X-Site-Id X-Organisation-Id X-Organization-Id X-Org-Id "
        "X-Tenant X-Tenant-Id X-Store-Id X-Shop-Id X-Venue-Id X-Location-Id X-Club-Id "
        "X-Company-Id",
        (ELSEWHERE, "1"),
    ),
    ("Date", ("Wed, 01 Jan 2020 00:00:00 GMT", "Mon, 01 Jan 2035 00:00:00 GMT")),
    ("Accept-Datetime", ("Wed, 01 Jan 2020 00:00:00 GMT",)),
    ("X-Timestamp X-Client-Time X-Device-Time X-Request-Time", ("1577836800", "2051222400")),
    ("Range", ("items=0-0", "page=1")),
    ("Accept-Charset", ("iso-8859-1", "utf-16")),
    ("Purpose X-Purpose Sec-Purpose", ("prefetch", "preview")),
    ("Upgrade-Insecure-Requests", ("1",)),
    ("Max-Forwards", ("0",)),
    ("X-Forwarded-Server X-Forwarded_By", ("elsewhere.example",)),
    ("X-City", ("Z\u00fcrich",)),
    ("X-CSRF-Token X-XSRF-Token", ("none",)),
    ("Want-Digest Want-Content-Digest", ("sha-256",)),
    ("X-Forwarded-Ssl Front-End-Https", ("on",)),
    ("TE", ("trailers",)),
    (
        "X-Feature X-Features X-Feature-Flags X-Flags X-Experiment X-Variant X-AB-Test X-Beta "
        "X-Cohort X-Segment X-Group",
        ("beta", "b"),
    ),
    (
        "X-Env X-Environment X-Mode X-Sandbox X-Mock X-Dry-Run X-Shadow X-Canary X-Demo",
        ("test", "true"),
    ),
    ("X-Count X-Top X-Max-Results X-Cursor X-Since X-Until", ("1", "2035-01-01")),
    ("X-Units X-Format X-Case X-Accept X-Response-Format", ("major", "xml")),
    ("X-Original-User-Agent X-Device-User-Agent", ("Googlebot/2.1",)),
    ("X-App X-App-Id X-Client X-Client-Name X-Partner X-Partner-Id", ("kiosk", "1")),
    ("traceparent", ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",)),
    ("baggage", ("debug=true,role=admin",)),
    # As long as browsers let one cookie be, and of no name.
    ("Cookie", ("PHPSESSID=a; session=a; JSESSIONID=a; visited=" + "x" * 4000, "nothing named")),
)
REWRITING = ("X-Original-URL", "X-Rewrite-URL", "X-Original-URI", "X-Forwarded-Uri")
"""Headers by which some frameworks take one path for another."""
WORDS_OF_A_TEXT = {"accept-language"}
"""Headers that may honestly change the words of texts."""
WORDS_OF_A_LINK = {
    *("x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-prefix"),
    "forwarded",
}
"""Headers that may honestly change links."""

CLAIMS: dict[str, str] = {
    "id": "customer_id customerId user_id userId account_id member_id client_id owner_id "
    "filter[customer_id] uid sub",
    "email": "email email_address",
    "phone": "phone phone_number mobile",
    "stripe_id": "stripe_id stripe_customer stripe_customer_id",
    "external_ref": "external_ref reference customer_ref",
    "membership_number": "membership_number member_number card_number",
    "order_ref": "order_ref booking_ref",
    "brand_id": "brand brand_id brandId",
    "site_id": "site site_id siteId location_id venue_id",
}
"""Parameters that name a customer, by the kind of value that they take."""
CLAIMING = (
    "customer user account member owner as username login impersonate on_behalf_of act_as sudo "
    "_switch_user subject"
)
"""Parameters that name a customer by whatever value."""
CLAIM_HEADERS: dict[str, str] = {
    "id": "X-Customer-Id X-User-Id X-Account-Id X-Member-Id X-Owner-Id X-Client-Id X-Contact-Id",
    "email": "X-User-Email X-Customer-Email X-Email X-Forwarded-Email X-Auth-Request-Email",
    "phone": "X-Phone X-Customer-Phone",
    "stripe_id": "X-Stripe-Customer X-Stripe-Customer-Id X-Stripe-Id Stripe-Customer",
    "external_ref": "X-External-Ref X-Customer-Ref",
    "membership_number": "X-Membership-Number X-Member-Number",
    "order_ref": "X-Order-Ref",
    "brand_id": "X-Brand X-Brand-Id X-Tenant-Id X-Organisation-Id",
    "site_id": "X-Site X-Site-Id X-Location-Id X-Venue-Id",
    "token": "X-Access-Token X-Auth-Token X-Token X-Customer-Token",
}
CLAIMING_HEADERS = (
    "From X-From On-Behalf-Of X-On-Behalf-Of X-Impersonate X-Impersonate-User Impersonate-User "
    "X-Impersonated-User X-Act-As X-Acting-As X-Sudo Sudo X-Run-As X-Switch-User X-Customer X-User "
    "X-Username X-Account X-Member X-Login X-Subject X-Principal X-Forwarded-User X-Remote-User "
    "Remote-User X-Auth-Request-User X-Authenticated-User X-WebAuth-User X-Effective-User "
    "X-Delegate X-Identity X-As"
)
