"""The WSGI application that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from banyan.base.imports import alone

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "banyan.faces.settings")
alone("django.test.signals")  # django-ninja wants one signal of it; all of it is 2 MiB in each process
application = get_wsgi_application()
