"""Routes as they are kept with jobs."""

from dataclasses import asdict

from server.domain.routes import UNKNOWN_ROUTE, Route, RouteLoser, RouteOffer

ROUTE = Route(
    offers=(RouteOffer("a", "local", 0, 2.5, 3.0), RouteOffer("b", "openai", 57_500, None, 4.0)),
    losers=(RouteLoser("c", "openai", "too_late", "would end 3 s too late"),),
    reason="a: free",
    canary=True,
    most_micros=115_000,
    late=True,
    lane_paused=True,
)


def test_every_field_of_a_route_is_kept() -> None:
    kept = ROUTE.to_json()
    assert kept == asdict(ROUTE) | {
        "offers": [asdict(one) for one in ROUTE.offers],
        "losers": [asdict(one) for one in ROUTE.losers],
    }
    assert Route.from_json(kept) == ROUTE


def test_a_route_of_which_nothing_is_known_is_read_back() -> None:
    assert Route.from_json(UNKNOWN_ROUTE.to_json()) == Route.from_json({}) == UNKNOWN_ROUTE
