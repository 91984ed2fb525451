"""An error as a page, in the reader's language."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode

from banyan.base.errors import HTTP_STATUS, BanyanError
from banyan.kit.problem import spoken, spoken_problems


def error_page(request: HttpRequest, error: BanyanError) -> HttpResponse:
    """Return the page for an error; who is not signed in is sent to sign in and comes back."""
    if error.kind == "sign_in" and request.method == "GET":
        from django.urls import reverse

        return redirect(f"{reverse('account_login')}?{urlencode({'next': request.get_full_path()})}")
    status = HTTP_STATUS[error.kind]
    context = {
        "status": status,
        "title": HTTPStatus(status).phrase,
        "error": error,
        "sentence": spoken(error),
        "problems": spoken_problems(error),
    }
    return render(request, "error.html", context, status=status)
