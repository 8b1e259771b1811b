"""Headers of other kinds of client, which must change nothing but the form of an answer."""

BROWSER_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "de-CH,de;q=0.9",
}
"""What a browser says that it would like, whoever asks."""
CONDITIONAL_HEADERS = BROWSER_HEADERS | {
    "Origin": "",
    "Accept": "text/csv,application/xml;q=0.9,*/*;q=0.5",
    "Cache-Control": "no-cache",
    "If-None-Match": '"none-such"',
    "If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT",
    "X-Requested-With": "XMLHttpRequest",
}
"""What asks for another form, for what has changed since, and for no copy; all has changed."""
CURL_HEADERS = {
    "Origin": "",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "User-Agent": "curl/8.5.0",
}
"""What is sent from a command line: no page, and no coding."""
UNPACKED = {"Accept-Encoding": "identity"}
"""Asks for the bytes as they are, and so for a length that tells that of what is in it."""
FORM = "application/x-www-form-urlencoded"
"""The type of what a form of a page sends."""
