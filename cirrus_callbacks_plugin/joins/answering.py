"""The answer to a join's token: its members' rows, read once it is settled."""

from __future__ import annotations

import logging
from collections.abc import Callable  # noqa: TC003 - a field's type
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cirrus_callbacks_plugin.aws.error_codes import ErrorKind, classify, error_code, is_unanswered
from cirrus_callbacks_plugin.joins.result import JoinResult, S3Object, write
from cirrus_callbacks_plugin.protocol.answer import Answer, answer_of
from cirrus_callbacks_plugin.protocol.error_names import JOIN_FAILED, answer_error_of

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.joins.rows import Join
    from cirrus_callbacks_plugin.joins.table import JoinsTable

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False, repr=False)
class Results:
    """What joins are answered with.

    Attributes:
        table: the joins' rows.
        s3: gives the client for the whole lists.
        joins_url: where those are written, ``s3://bucket/prefix/``; None: nowhere.
    """

    table: JoinsTable
    s3: Callable[[], Any]
    joins_url: str | None

    def answer_of_join(self, join: Join) -> Answer:
        """The answer of a settled join.

        Raises:
            ClientError, BotoCoreError: the members could not be read, or their list not be
                written for a reason that passes.
        """
        error = answer_error_of(join.wait)
        if error not in (None, JOIN_FAILED):
            return answer_of(join.wait)  # cancelled, or a request that breaks the rules
        result = JoinResult(join, self.table.members(join.join_id))
        result = replace(result, members_at=self._written(result))
        return result.success() if error is None else result.failure()

    def _written(self, result: JoinResult) -> S3Object | None:
        """Write the whole list; None where there is no place for it, or it is refused."""
        if self.joins_url is None:
            return None
        bucket, _, prefix = self.joins_url.removeprefix("s3://").partition("/")
        place = S3Object(bucket, f"{prefix}{result.join.join_id.removeprefix('join:')}.json")
        try:
            self.s3().put_object(
                Bucket=place.bucket,
                Key=place.key,
                Body=write(result.whole_list()).encode(),
                ContentType="application/json",
            )
        except (ClientError, BotoCoreError) as error:
            # A network without a way to S3 must not hold back the answer for ever.
            if classify(error) is ErrorKind.RETRY and not is_unanswered(error):
                raise
            logger.warning(
                "The list of %s could not be written to s3://%s/%s (%s): its answer names none",
                result.join.join_id,
                place.bucket,
                place.key,
                error_code(error),
            )
            return None
        return place
