"""Lists of aspects for annotated laptop reviews: ours, and the plain words that the default had before."""

from __future__ import annotations

from socialrec.settings.aspects import listed

LAPTOP: dict[str, tuple[str, ...]] = {
    "price": listed(
        """price, prices, price point, price tag, price range, pricing, + priced well, + well priced, priced, cost,
        costs, + low cost, - cost too much, + cheap, + cheaper, + cheapest, ! cheap plastic, ! feels cheap,
        ! feel cheap, ! cheaply made, - expensive, + inexpensive, + affordable, + for the money, + value for money,
        + value, ! add value, + bargain, - overpriced, - over priced, - pricey, - waste of money, - wasted money,
        - worth the money, + worth the money, + worth every penny, + budget, + budget friendly, + a steal,
        + good deal, + deal, ! deal breaker, ! dealbreaker, ! deal with, ! great deal of, ! good deal of,
        ! big deal, ! to deal, ! dealing, bucks, + sale, + on sale, + discount, + money well spent,
        + for what you pay, + for what you paid, + for the price, - for this price, + at this price,
        + in this price range, ! pay the price"""
    ),
    "quality": listed(
        """quality, build quality, + high quality, - low quality, + well made, + well built, + solidly built,
        + built well, - poorly made, - poorly built, - cheaply made, - fragile, + robust, + rock solid, reliability,
        workmanship, craftsmanship, - defective, - defect, - defects, - broke, - cracked, - crack, - cracks,
        - scratched, - scratches, - dead pixel, - dead pixels, - dead on arrival, - malfunctioned, - malfunctioning,
        - malfunction, - stopped functioning, - quit working, - fell apart, - fall apart, - falling apart,
        - does not work, - no longer works, - popped off, - fell off, - came off, - poor quality, - quality control,
        - qc, - hardware failure, - cheap plastic, + built to last, + solid build, + good build,
        - not working properly, + top notch, - poor qc, + feels solid"""
    ),
    "delivery": listed(
        """delivery, delivered, shipping, ! shipping fees, shipped, + shipped fast, ship, ships, parcel, packaging,
        packed, package, ! software package, ! whole package, ! complete package, ! total package, courier, ups,
        fedex, usps, ! arrived damaged, arrive, arrives, arrival, ! dead on arrival, received on time, + on time,
        + promptly, - late, ! late to, box was damaged, - wrong item, in the mail, + arrived on time,
        + arrived quickly, + arrived as promised, + arrived faster, + arrived early, + arrived in perfect,
        + well packaged, arrived damaged"""
    ),
    "design": listed(
        """design, designs, designed, - poorly designed, + well designed, look, looks, looking, + good looking,
        + nice looking, + great looking, ! look at, ! looking for, ! looks like, ! look like, ! look elsewhere,
        ! looking to, ! look for, ! looking at, ! look up, ! looked at, ! look into, ! looking forward,
        ! looking up, ! looked up, ! looked for, ! look forward, ! looked into, color, colour, colours, style,
        styling, + stylish, + sleek, + beautiful, + gorgeous, + pretty nice looking, - ugly, + elegant,
        + attractive, + aesthetic, + aesthetics, + aesthetically, appearance, + slim, + slimmer, + thin, + thinner,
        + thinness, ! thin plastic, + light, ! light use, ! light gaming, ! light work, ! light duty, ! light web,
        ! light on, ! lights, ! charging light, ! led light, ! power light, ! light is, ! light to, ! a light,
        ! the light, ! sun light, ! light up, ! no light, ! light browsing, ! light tasks, + lightweight,
        + light weight, + lite, + lighter, + compact, + small and light, form factor, weight, ! heavy duty,
        ! heavy use, ! heavy gaming, ! heavy user, ! heavy lifting, - heavier, - bulky, - clunky,
        + backlit keyboard, backlighting, layout, bezel, bezels, chassis, + metal body, + aluminum, aluminum body,
        casing, finish, body, + large screen, + big screen, - small screen, screen size, + full size keyboard, size,
        + perfect size, + nice size, numeric keypad, number pad, numeric pad, num pad, caps lock, delete key,
        power button, key placement, - placement, - too small, - too big, - too close, rounded, - sharp edges,
        edges, profile, - short cord, power cord is short, - dent, + foldable, + portable design, + modern,
        - no caps lock, - dvd drive, - cd drive, - optical drive, + matte, touch bar, + smaller, textured, texture,
        looked, - no backlit, plastic"""
    ),
    "service": listed(
        """customer service, customer support, tech support, technical support, customer care, service, ! services,
        ! streaming service, service center, asus support, acer support, apple support, msi support,
        samsung support, lenovo support, hp support, dell support, support team, support, ! support for, ! supports,
        ! supported, ! to support, ! does not support, ! doesn't support, ! app support, ! android support,
        ! os support, ! driver support, ! software support, warranty, + under warranty, warranties,
        extended warranty, - refused to, - refuse to, - refused, refunded, - no refund, representative,
        representatives, rep, reps, return policy, + replaced it immediately, + sent me a new one, rma, rma'd,
        repair, repairs, - sent it back for, contacted, called, ! is called, ! it's called, ! called the,
        - contacted, - told me, - they told, the seller, staff, ! replacement battery, + no questions asked,
        - refuses to"""
    ),
}
"""Entries by aspect, written with the training part in view; choices were made on its dev part."""

PLAIN: dict[str, tuple[str, ...]] = {
    "price": listed("price, prices, priced, cost, costs, cheap, expensive, money, value, bargain"),
    "quality": listed("quality, workmanship, well made, flimsy, solid, sturdy, craftsmanship"),
    "delivery": listed("delivery, delivered, shipping, shipped, parcel, package, packed, courier, arrived"),
    "design": listed("design, look, looks, colour, color, style, pictured, beautiful, ugly"),
    "service": listed("service, support, refund, staff, customer care, answered"),
}
"""Words of these aspects in the default of the version before: a comment names an aspect that it holds a word of."""
