"""English words that praise and words that complain, and those that turn or separate them."""

from __future__ import annotations


def listed(words: str) -> tuple[str, ...]:
    """Phrases of a text, separated by commas."""
    return tuple(" ".join(phrase.split()) for phrase in words.split(","))


POSITIVE = listed("""
    good, great, excellent, perfect, perfectly, amazing, amazingly, awesome, fantastic, wonderful, wonderfully,
    superb, outstanding, brilliant, nice, nicely, lovely, beautiful, beautifully, gorgeous, attractive, elegant,
    stylish, sleek, pleasant, pleasantly, pleased, pleasing, pleasure, delight, delighted, delightful, happy,
    happier, satisfied, satisfying, glad, thrilled, impressed, impressive, impresses, love, loves, loved, loving,
    like it, liked, likes, i like, we like, really like, also like, enjoy, enjoys, enjoyed, enjoying, enjoyable,
    adore, best, better, superior, favorite, favourite, fine, decent, solid, sturdy, durable, reliable, well, well
    made, well built, robust, quality product, comfortable, comfy, cozy, cosy, soft, smooth, smoothly, easy, easier,
    easily, effortless, convenient, handy, helpful, useful, useable, fast, faster, quick, quickly, quicker, prompt,
    promptly, speedy, snappy, responsive, quiet, silent, bright, crisp, clear, sharp, vivid, stunning, flawless,
    flawlessly, spotless, clean, fresh, friendly, polite, courteous, kind, generous, fair, reasonable, reasonably,
    affordable, inexpensive, bargain, steal, worth, worth it, worth the money, worth every penny, recommend,
    recommends, recommended, five stars, 5 stars, thank, thanks, thankful, appreciate, works, working well, worked
    well, works well, work well, works great, works fine, work fine, gets the job done, does the job, exactly, as
    described, as advertised, as expected, as promised, on time, exceeded, exceeds, exceed, surpass, surprised at
    how, pleasant surprise, can't beat, can not beat, cannot beat, hard to beat, can't go wrong, can not go wrong,
    cannot go wrong, no brainer, top notch, high quality, first class, killer, cute, flattering, fits well, fits
    perfectly, true to size, compliments, cool, fun, sweet, lightweight, light weight, compact, slim, portable,
    plenty, powerful, strong, stable, secure, safe, accurate, precise, excited, exciting, joy, beauty, gem, winner,
    holds up, held up, lasts, lasting, long lasting, brand new, like new, problem free, trouble free, hassle free,
    immediately, in no time, free of charge, phenomenal, terrific, incredible, incredibly, insane, superbly,
    fabulous, exceptional, exceptionally, neat, neatly, upgrade, improved, improvement, premium, luxurious, warm,
    spacious, roomy, classy, tasteful, graceful, ideal, suitable, suits, satisfies, value for money, good value,
    unbeatable, luckily, topnotch, top quality, shines, amazed at, can't complain, cannot complain, no complaints,
    no problem, no problems, no issues, no issue, no trouble, within minutes, within hours, at once, day early, days
    early
""")
"""Words and phrases of praise. The longest phrase counts, so that it overrules the words in it."""

NEGATIVE = listed("""
    bad, badly, poor, poorly, terrible, terribly, horrible, horribly, horrid, awful, awfully, worst, worse,
    worsened, dreadful, disgusting, nasty, ugly, hideous, lousy, crappy, crap, junk, garbage, trash, rubbish,
    shoddy, subpar, sub par, mediocre, inferior, useless, worthless, pointless, waste, wasted, wasting,
    disappointed, disappointing, disappointment, disappoints, disappointingly, unhappy, unsatisfied, dissatisfied,
    unsatisfactory, unacceptable, frustrated, frustrating, frustration, annoyed, annoying, annoyance, irritating,
    upset, upsetting, angry, regret, regretted, hate, hates, hated, dislike, disliked, avoid, stay away, beware,
    complaint, complaints, complain, complained, problem, problems, problematic, issue, issues, trouble, troubles,
    defect, defects, defective, faulty, fault, flaw, flaws, flawed, broken, broke, breaks, break, breaking, cracked,
    crack, cracks, cracking, torn, tore, ripped, rip, ripping, scratched, scratch, scratches, dent, dents, dented,
    damaged, damage, dead, dead pixel, dead pixels, died, dies, dying, fail, fails, failed, failing, failure,
    malfunction, malfunctioned, malfunctioning, stopped working, stops working, quit working, stopped functioning,
    does not work, doesn't work, do not work, don't work, not working, won't work, wont work, did not work, didn't
    work, no longer work, no longer works, not worth, fell apart, falls apart, falling apart, fall apart, came
    apart, coming apart, fell off, fall off, falls off, came off, popped off, pop out, unraveled, frayed, faded,
    peeling, shrank, shrunk, stained, stain, dirty, smell, smells, smelly, stinks, stink, slow, slowly, slower,
    sluggish, laggy, lag, lags, freezing, freezes, froze, crash, crashes, crashed, crashing, hang, hangs, noisy,
    loud, overheats, overheating, overheated, hot, heavy, heavier, bulky, clunky, awkward, uncomfortable, uncomfy,
    itchy, scratchy, stiff, rough, painful, hurts, hurt, difficult, difficulty, hard to, harder, impossible,
    inconvenient, confusing, complicated, cheap, cheaply, flimsy, fragile, weak, wobbly, loose, thin plastic,
    overpriced, expensive, pricey, costly, rip off, ripoff, scam, scammed, fraud, fake, misleading, false, wrong,
    incorrect, missing, lost, late, delayed, delay, delays, never arrived, refuse, refused, refuses, ignored, rude,
    unhelpful, incompetent, unprofessional, unresponsive, unreliable, inconsistent, insufficient, inadequate,
    lacking, lacks, lack of, lack, lacked, limited, unable, unfortunately, sadly, bummer, bummed, pity, shame,
    ridiculous, joke, nightmare, deal breaker, dealbreaker, downside, drawback, cons, weird, strange, odd, off
    center, sucks, suck, sucked, meh, returned, returning, sent it back, send it back, sending it back, going back,
    refund, money back, replace it, replaced twice, return it, had to return, too much, could be better, could have
    been better, should be better, should have been, would be better, would have been, would be nice, wish, wished,
    only wish, not enough, not good enough, not the best, not great, not impressed, not too impressed, not as good,
    no good, not good, not as described, not as advertised, not as pictured, not what i, nothing like, leaves much
    to be desired, leaves a lot to be desired, dim, dull, blurry, grainy, washed out, fuzzy, muffled, tinny,
    garbled, shaky, sloppy, uneven, crooked, mushy, cramped, see through, unflattering, baggy, frumpy, boxy,
    sagging, sags, glare, unusable, unsafe, sharp edges, never again, one star, 1 star, zero stars, poorest, error,
    errors, bug, bugs, buggy, glitch, glitches, glitchy, worn out, wore out, suspect, questionable, below average,
    let down, fed up, not up to par, nothing worked, down the drain, lip service, unpleasant, ashamed, cheaply made,
    never answered, no answer, nothing happened, care less, unbearable, took weeks, takes weeks, weeks late, took
    forever, for no reason
""")
"""Words and phrases of complaint."""

NEUTRAL = listed("""
    okay, ok, average, so so, acceptable, adequate, as stated, as pictured, nothing special, neither good nor bad,
    neither fast nor slow, as usual, the usual, standard, mixed, normal, medium, run of the mill
""")
"""Words and phrases that say neither."""

OTHER = listed("""
    not bad but not great, not only, not to mention, no matter, well as, as well, as well as, oh well, pretty much,
    no longer, nothing but, kind of, sort of, sharp eye, might as well, as good as it gets, better than nothing, bad
    news, at best, the best part, looks like, look like, feels like, would like, would have liked, i'd like
""")
"""Phrases without any opinion that hold a word of the other lists, or a negation."""

NEGATIONS = frozenset(
    listed("""
    not, no, never, none, nothing, nobody, neither, nor, without, hardly, barely, scarcely, cannot, less, wont,
    dont, doesnt, didnt, isnt, wasnt, arent, cant, couldnt, wouldnt
""")
)
"""Tokens that turn the words after them; so does every token that ends in `n't`."""

CONTRASTS = listed("""
    but, however, although, though, yet, while, whereas, except
""")
"""Words at which a sentence turns to another opinion."""

CONJUNCTIONS = listed("""
    unfortunately, despite, otherwise, only, because, so that, which, until
""")
"""Further words at which a clause begins."""
