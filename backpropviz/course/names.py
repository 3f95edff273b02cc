"""What people call the values on the way: an alias table, made from how they are really written.

Only ever a hint: the same name means different things in different files, so a value comes before a name.
"""

from __future__ import annotations

import re

_CALLED = {
    "dxhat": "dxhat dxnorm dnormx dnormxs dxnormalized dnormalizedx dnorm dxn dxh dhat dnormalized dxnormed dnormed dz",
    "divar": "divar dinvvar dinvstd distd divstd dinv dinvsqrtvar disqrt",
    "dsqrtvar": "dsqrtvar dstd dsqrt dsigma dsd dstddev droot ddenom",
    "dvar": "dvar dsamplevar dxvar dvariance dsigmasq dsigmasquare dsamplevariance dv",
    "dsq": "dsq dsquare dsquared dcarre ddev",
    "dxmu": "dxmu dxcentered dxc dcentered dxminusmean dxm",
    "dmu": "dmu dmean dsamplemean dxmean du dm davg",
    "mu": "mu mean samplemean xmean m avg mean",
    "xmu": "xmu xcentered xc centered xminusmean xm xminusmu dev",
    "sq": "sq square squared xmusq",
    "var": "var samplevar xvar variance v sigmasq",
    "sqrtvar": "sqrtvar std sd sigma root stddev denom",
    "ivar": "ivar invstd istd invvar inv invsqrtvar",
    "xhat": "xhat xnorm normx xnormalized normalizedx xn hat norm normalized",
    "gammax": "gammax scaled",
    "probs": "probs prob p softmax",
    "shifted": "shifted shiftedscores shiftedlogits",
    "next_h": "nexth h",
    "next_c": "nextc c",
    "dnext_c": "dnextc dc dctotal",
}
_CONCEPT = {alias: concept for concept, aliases in _CALLED.items() for alias in aliases.split()}


def concept(name: str) -> str:
    """What a name usually stands for, by our own names; empty if it is not in the table.

    >>> concept("dx_hat"), concept("d_sample_mean"), concept("dx1")
    ('dxhat', 'dmu', '')
    """
    bare = re.sub(r"[_\d]", "", name).lower()
    return _CONCEPT.get(bare, "")
