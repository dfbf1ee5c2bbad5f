"""The blueprint that the views of this package attach themselves to."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("assessments", __name__)
