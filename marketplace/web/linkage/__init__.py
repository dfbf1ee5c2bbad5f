"""Pages of the linkage reports: the live report of a fund, its rows and files, frozen reports, filings of reporters."""

from flask import Blueprint

blueprint = Blueprint("linkage", __name__)

from marketplace.web.linkage import exports, filings, pages  # noqa: E402,F401 - the routes attach to the blueprint above
