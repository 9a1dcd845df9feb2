from datetime import date

from django.db import models

from captcha.keys import new_secret


class DailySaltQuerySet(models.QuerySet["DailySalt"]):
    def of(self, day: date) -> str:
        """Return the salt of a day, made when first asked for."""
        return self.get_or_create(day=day)[0].value


class DailySalt(models.Model):
    """A random number of a day with which addresses are hashed; deleted when the day is over.

    Without it nobody, not even the holder of SECRET_KEY, can try out which address a hash is of.
    """

    day = models.DateField(primary_key=True)
    value = models.CharField(max_length=64, default=new_secret, editable=False)

    objects = DailySaltQuerySet.as_manager()

    def __str__(self) -> str:
        return f"salt of {self.day}"
