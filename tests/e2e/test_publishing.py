"""Publishing a changed brand: one stack deployed, no function touched, new runs on the new version."""

import shutil
from pathlib import Path

import pytest

from cli.local import templates
from cli.local.home import PROJECT
from cli.local.options import Options
from tests.e2e.world import World, fresh, fresh_phone

pytestmark = pytest.mark.e2e


@pytest.fixture
def changed_brand(tmp_path: Path) -> Path:
    brand = tmp_path / "brand"
    shutil.copytree(PROJECT / "brand", brand)
    template = brand / "templates" / "order-confirmation" / "fr" / "sms.txt"
    template.write_text(template.read_text().replace("merci !", "mille mercis !"))
    return brand


def test_a_published_change_is_in_the_next_message(world: World, changed_brand: Path) -> None:
    run = world.home.run()
    assert run is not None
    user, phone = fresh("u"), fresh_phone()
    world.send({"type": "identify", "userId": user, "traits": {"phone": phone}})
    world.profile_with(f"user_id:{user}", phone=phone)

    templates.publish(world.home, options=Options(brand=changed_brand, time_scale=run.time_scale), ports=run.ports)
    world.send(
        {"type": "track", "event": "Order Completed", "userId": user, "properties": {"order_id": fresh("o"), "sales_channel": "web"}}
    )

    assert "mille mercis" in world.mail_to(phone)[0].text
