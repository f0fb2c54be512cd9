"""Know code: bytes and text in, frozen values out; no network, no forge, no model."""
