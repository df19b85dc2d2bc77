"""Django REST framework with simplejwt in one file, for gunicorn: `django_app:application`.

Connections persist, refresh tokens rotate and the spent ones are kept on a list, as Safeplate's do.
"""

import os
from datetime import timedelta
from typing import ClassVar
from urllib.parse import urlsplit

import django
from django.conf import settings

_DATABASE = urlsplit(os.environ["PEER_DATABASE"])

settings.configure(
    SECRET_KEY=os.environ["PEER_SECRET"],
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "rest_framework",
        "rest_framework_simplejwt.token_blacklist",
    ],
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": _DATABASE.hostname,
            "PORT": _DATABASE.port,
            "USER": _DATABASE.username,
            "PASSWORD": _DATABASE.password or "",
            "NAME": _DATABASE.path.removeprefix("/"),
            "CONN_MAX_AGE": None,
        }
    },
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
    SIMPLE_JWT={
        "ROTATE_REFRESH_TOKENS": True,
        "BLACKLIST_AFTER_ROTATION": True,
        "ACCESS_TOKEN_LIFETIME": timedelta(hours=1),
    },
)
django.setup()

# What follows needs the settings.
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpRequest, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import generics, permissions, serializers  # noqa: E402
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView  # noqa: E402


class UserSerializer(serializers.ModelSerializer):
    """An account as it is shown, and as it is opened."""

    class Meta:
        """What is shown."""

        model = User
        fields = ("id", "email", "username", "is_active", "is_staff", "date_joined", "password")
        extra_kwargs: ClassVar = {"password": {"write_only": True}}

    def create(self, validated_data: dict[str, str]) -> User:
        """Open an account."""
        return User.objects.create_user(**validated_data)


class RegisterView(generics.CreateAPIView):
    """Opens accounts."""

    serializer_class = UserSerializer
    authentication_classes = ()
    permission_classes = (permissions.AllowAny,)


class MeView(generics.RetrieveAPIView):
    """Reads one's own account."""

    serializer_class = UserSerializer
    permission_classes = (permissions.IsAuthenticated,)

    def get_object(self) -> User:
        """Return who asks."""
        return self.request.user


def live(_: HttpRequest) -> JsonResponse:
    """Say that this answers."""
    return JsonResponse({"status": "alive"})


urlpatterns = [
    path("livez", live),
    path("register", RegisterView.as_view()),
    path("login", TokenObtainPairView.as_view()),
    path("refresh", TokenRefreshView.as_view()),
    path("users/me", MeView.as_view()),
]
call_command("migrate", verbosity=0)
application = get_wsgi_application()
