"""Paths of accounts: `outside` before a town is chosen, `urlpatterns` inside one."""

from __future__ import annotations

from django.urls import URLPattern, path

from banyan.apps.accounts.pages import own, sign_in

outside: list[URLPattern] = [
    path("sign-in/", sign_in.sign_in, name="account_login"),
    path("sign-in/code/", sign_in.code, name="sign_in_code"),
    path("sign-in/as/", sign_in.sign_in_as, name="sign_in_as"),
    path("sign-out/", sign_in.sign_out, name="account_logout"),
    # allauth asks for these by name; ours do their work
    path("sign-up/", sign_in.sign_in, name="account_signup"),
    path("closed/", sign_in.inactive, name="account_inactive"),
]

urlpatterns: list[URLPattern] = [
    path("account/", own.account, name="account"),
    path("account/password/", own.password, name="password"),
    path("account/tokens/", own.issue_token, name="issue_token"),
    path("account/tokens/<uuid:token_id>/revoke/", own.revoke_token, name="revoke_token"),
    path("join/", own.join, name="join"),
]
