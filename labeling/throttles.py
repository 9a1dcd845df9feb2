from web.throttles import CountedByAddress


class DonationThrottle(CountedByAddress):
    """So many recordings left, as `DEFAULT_THROTTLE_RATES["donation"]` says."""

    scope = "donation"
