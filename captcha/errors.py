"""How the widget's JSON interface answers the errors of this app."""

from http import HTTPStatus

from captcha import services
from captcha.bodies import BodyError
from web.problems import Problem, Rule, register


class RateLimited(Exception):
    """A network asked for too many challenges, or somebody for too much of one challenge."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"Too many calls: try again in {wait_s} s")
        self.wait_s = wait_s


class BodyRule(Rule):
    """Bodies bring the code of what is wrong with them."""

    def problem_of(self, error: Exception) -> Problem:
        if not isinstance(error, BodyError):
            raise TypeError(f"{error!r} is about no body")
        return Problem(BODY_STATUS.get(error.code, self.status), error.code, str(error))


BODY_STATUS = {
    "unsupported_media_type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "body_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}
RULES: dict[type[Exception], Rule] = {
    services.SiteNotFound: Rule(HTTPStatus.NOT_FOUND, "site_not_found"),
    services.HostnameNotAllowed: Rule(HTTPStatus.FORBIDDEN, "hostname_not_allowed"),
    services.ChallengeNotFound: Rule(HTTPStatus.NOT_FOUND, "challenge_not_found"),
    services.OutOfOrder: Rule(HTTPStatus.CONFLICT, "out_of_order"),
    services.KindNotOffered: Rule(HTTPStatus.FORBIDDEN, "kind_not_offered"),
    services.WorkMissing: Rule(HTTPStatus.CONFLICT, "work_missing"),
    services.WorkInvalid: Rule(HTTPStatus.BAD_REQUEST, "work_invalid"),
    services.AnswerNotOffered: Rule(HTTPStatus.BAD_REQUEST, "field_invalid"),
    services.TooEarly: Rule(HTTPStatus.CONFLICT, "too_early"),
    RateLimited: Rule(HTTPStatus.TOO_MANY_REQUESTS, "rate_limited"),
    BodyError: BodyRule(HTTPStatus.BAD_REQUEST, "body_malformed"),
}
register(RULES)
