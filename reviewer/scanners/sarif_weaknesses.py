"""The weaknesses that some tools mean and do not name in their files: facts out of their documentation.

ruff's `S` rules are bandit's checks under other names; golangci-lint runs gosec and keeps its codes in the
messages alone.
"""

from __future__ import annotations

import re

_BANDIT = {
    22: (202, 310),
    78: (404, 601, 602, 603, 604, 605, 606, 607, 609),
    79: (308, 701, 702, 703, 704),
    89: (608, 610, 611),
    94: (201,),
    95: (102, 307),
    259: (105, 106, 107),
    295: (323, 501, 507),
    319: (312, 321, 508, 509),
    326: (505,),
    327: (303, 304, 305, 324, 502, 503, 504),
    330: (311,),
    377: (108, 306),
    400: (113,),
    502: (301, 302, 403, 506),
    605: (104,),
    611: (313, 314, 315, 316, 317, 318, 319, 320, 405, 406, 407, 408, 409),
    703: (110, 112),
    732: (103,),
}
_GOSEC = {
    22: (111, 304, 305),
    78: (204,),
    79: (203,),
    89: (201, 202),
    118: (601,),
    190: (109, 115),
    276: (301, 302, 306),
    295: (402,),
    322: (106,),
    326: (403,),
    327: (405, 501, 502, 503, 504, 505, 506, 507),
    328: (401, 406),
    338: (404,),
    377: (303,),
    400: (112,),
    409: (110,),
    798: (101,),
    918: (107,),
}
_OF_CODE = {
    **{f"S{code}": f"CWE-{cwe}" for cwe, codes in _BANDIT.items() for code in codes},
    **{f"G{code}": f"CWE-{cwe}" for cwe, codes in _GOSEC.items() for code in codes},
}
_GOSEC_CODE = re.compile(r"(G\d{3}):")


def meant(driver: str, rule_id: str, message: str) -> str | None:
    """Return the CWE that a tool's rule stands for, None where that is not known."""
    if driver == "ruff":
        return _OF_CODE.get(rule_id)
    code = _GOSEC_CODE.match(message)
    if driver == "golangci-lint" and code:
        return _OF_CODE.get(code[1])
    return None
