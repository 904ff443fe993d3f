//! English.

use super::{Analyst, Phrasebook, Topic};

pub(super) const PHRASEBOOK: Phrasebook = Phrasebook {
    agents: &[
        "Regina", "Daniel", "Alice", "Marcus", "Olivia", "Samuel", "Priya", "Thomas", "Leila",
        "Victor",
    ],
    clients: &[
        "Anna Fairweather",
        "Omar Brightwell",
        "Peter Larkspur",
        "Julia Stonebridge",
        "Hassan Merrifield",
        "Nina Applegarth",
        "George Thistlewood",
        "Maya Silverton",
        "Leo Hollowell",
        "Clara Winterbourne",
    ],
    days: &[
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
    ],
    greetings: &[
        "{company}, {agent} speaking, good afternoon. How can I help you?",
        "Good morning, thank you for calling {company}, my name is {agent}, I am a client manager. How may I help?",
        "Hello, this is {agent} from {company}, customer care. What can I do for you today?",
    ],
    short_greetings: &[
        "{company}, hello.",
        "Yes, {company}, go ahead.",
        "Hello, I am listening.",
    ],
    callbacks: &[
        "Good afternoon, this is {agent} from {company}. You left a request on our site, is it a good time to talk?",
        "Hello, {agent}, {company}. You asked us to call you back, do you have a couple of minutes?",
    ],
    ask_name: &[
        "Could you please tell me your name?",
        "May I ask how I should address you?",
        "And what is your name, please, so that I can open your card?",
    ],
    give_name: &[
        "My name is {client}.",
        "{client}.",
        "Yes, of course, {client}.",
        "Write down {client}, please.",
    ],
    nods: &[
        "Yes, I see.",
        "Right, go on.",
        "Mm-hm, understood.",
        "Okay, thank you.",
        "All right.",
        "Just a second, I am writing it down.",
        "Good, that is clear.",
        "Yes, exactly.",
    ],
    holds: &[
        (
            "Please stay on the line for a minute, I will check it in the system.",
            "Fine, I will wait.",
        ),
        (
            "Let me ask a colleague, please do not hang up.",
            "All right, I am waiting.",
        ),
        (
            "One moment, the card is loading rather slowly today.",
            "No problem, take your time.",
        ),
    ],
    small_talk: &[
        (
            "Have you used our services before?",
            "Yes, about a year ago, and I was quite satisfied with everything.",
        ),
        (
            "How did you hear about us?",
            "A colleague at work recommended you, she has been your client for a long time.",
        ),
        (
            "Which way of contact is more convenient for you, phone or messenger?",
            "A messenger is better, I cannot always pick up the phone.",
        ),
        (
            "Is there anything else that matters to you in this question?",
            "The main thing is that everything is done on time and without surprises.",
        ),
        (
            "Did you have a chance to look at our website?",
            "I did, but it was not quite clear to me, so I decided to call.",
        ),
        (
            "Do I understand correctly that you would like to settle this today?",
            "If it is possible, then yes, today would be ideal.",
        ),
        (
            "Are you calling for yourself or for somebody else?",
            "For my family, we decide such things together.",
        ),
        (
            "May I send you a short description by e-mail?",
            "Yes, please, I will look through it this evening.",
        ),
        (
            "Have you compared our terms with anybody else's?",
            "I have, but nobody explained the details as you do.",
        ),
        (
            "Is it convenient for you to go on now?",
            "Yes, of course, let us go on.",
        ),
    ],
    agree_time: &[
        (
            "Would {day} at {time} be convenient for you?",
            "{day} at {time} suits me, put me down.",
        ),
        (
            "I can offer you {day}, {time}, or the same time a day later.",
            "Let it be {day}, {time}.",
        ),
        (
            "The nearest free time is {day} at {time}, shall I book it?",
            "Yes, please book it.",
        ),
    ],
    contact: &[
        (
            "Is this number the best one to reach you on?",
            "Yes, this number is always with me.",
        ),
        (
            "I will send a confirmation to the number you are calling from, is that right?",
            "Yes, to this number, thank you.",
        ),
    ],
    recap: &[
        "So, let me sum up: {client}, {day} at {time}, the cost is {price} dirhams, and we will send a reminder the day before.",
        "To repeat: request number {number}, {day}, {time}. Everything is recorded, and you will receive a message within five minutes.",
        "Let me go through it once more: your request is {number}, the amount is {price} dirhams, and the next step is ours.",
    ],
    goodbyes: &[
        "Thank you for calling {company}, have a good day, goodbye.",
        "All the best to you, goodbye.",
        "Thank you for your time. If anything comes up, call us at any hour. Goodbye.",
    ],
    client_goodbyes: &[
        "Thank you, goodbye.",
        "Thanks a lot, bye.",
        "Thank you for your help, all the best.",
    ],
    complaints: &[
        "Honestly, I am calling for the third time, and nobody can tell me anything definite.",
        "That is not what I was promised last week, and frankly I am disappointed.",
        "I have been waiting on the line for ten minutes, this is really not serious.",
    ],
    thanks: &[
        "Thank you, that was a very clear explanation.",
        "Great, you have really helped me.",
        "Wonderful, I did not expect it to be so quick.",
    ],
};

pub(super) const TOPICS: [Topic; 5] = [
    Topic {
        companies: &[
            "Willow Clinic",
            "Harbour Medical Centre",
            "Clinic Seventh Spring",
        ],
        needs: &[
            "Hello, I would like to make an appointment with a cardiologist, if possible this week.",
            "Good afternoon, I need to see a paediatrician, my daughter has had a cough for several days.",
            "Hello, I want to move my appointment with the dentist, I cannot come at the time we agreed.",
        ],
        questions: &[
            (
                "What exactly is troubling you, and how long has it been going on?",
                "For about two weeks now, mostly in the evenings, and it gets worse when I climb the stairs.",
            ),
            (
                "Have you had any tests done recently?",
                "A blood test a month ago, I have the results on paper.",
            ),
            (
                "Is it the first visit to this doctor?",
                "Yes, the first one, I was seen by a therapist before.",
            ),
            (
                "Are you insured, or will you pay at the desk?",
                "I have insurance through my employer, the card is with me.",
            ),
            (
                "Do you have any allergies to medicines?",
                "Only to penicillin, as far as I know.",
            ),
            (
                "Which of our branches is closer to you?",
                "The one by the park, next to the metro station.",
            ),
            (
                "Is it an adult or a child who needs the doctor?",
                "An adult, it is for me.",
            ),
            (
                "Do you take any medicines regularly?",
                "Something for blood pressure in the morning, nothing else.",
            ),
        ],
        offers: &[
            (
                "We have a doctor of the highest category who sees patients every day except Sunday, I can book you with her.",
                "That sounds good, I have heard of her.",
            ),
            (
                "I would suggest a check-up programme: the consultation, an electrocardiogram and the tests on one day.",
                "All on one day is convenient, let us do so.",
            ),
        ],
        prices: &[
            (
                "The first consultation costs {price} dirhams, a repeated one within a month is cheaper.",
                "All right, the price suits me.",
            ),
            (
                "Together it comes to {price} dirhams, and the insurance covers a part of it.",
                "Clear, thank you for telling me beforehand.",
            ),
        ],
        objections: &[
            (
                "It is a little expensive for one consultation.",
                "I understand you. The price includes the examination and a written conclusion, so you will not have to pay for them separately.",
            ),
            (
                "And do I have to wait so long, is there nothing earlier?",
                "I will put you on the waiting list, and if a place becomes free, I will call you first.",
            ),
        ],
        price_range: (150, 900, 10),
    },
    Topic {
        companies: &["Northline Telecom", "Skybird Mobile", "Clearwave"],
        needs: &[
            "Hello, my internet at home has been working badly since yesterday, the pages hardly open.",
            "Good afternoon, I want to change my tariff, I have too few gigabytes.",
            "Hello, money was charged for a service I never connected.",
        ],
        questions: &[
            (
                "Please tell me the contract number or the address of the connection.",
                "The contract is {number}, it is on the first page.",
            ),
            (
                "Which lights are on at the router now?",
                "The power one is green, and the second one is blinking red.",
            ),
            (
                "Have you tried to switch the router off and on again?",
                "Twice already, it helps for five minutes and then it is the same.",
            ),
            (
                "Does the problem appear on all devices or on one only?",
                "On all of them, on the phone and on the laptop alike.",
            ),
            (
                "How much traffic do you usually use in a month?",
                "About forty gigabytes, mostly video in the evenings.",
            ),
            (
                "Is the cable plugged in firmly?",
                "Yes, I have just checked it, it sits tight.",
            ),
            (
                "Do you often make calls abroad?",
                "Seldom, perhaps twice a month to my parents.",
            ),
            (
                "Is the television connected through us as well?",
                "Yes, and it shows without any problem.",
            ),
        ],
        offers: &[
            (
                "I can move you to the Family tariff, it has sixty gigabytes and three numbers on one account.",
                "Three numbers is exactly what we need.",
            ),
            (
                "I will order a technician's visit, he will change the router free of charge.",
                "A new router would be very welcome.",
            ),
        ],
        prices: &[
            (
                "The monthly fee will be {price} dirhams, without hidden payments.",
                "That is even less than I pay now.",
            ),
            (
                "The switch itself is free, from next month it is {price} dirhams.",
                "Good, agreed.",
            ),
        ],
        objections: &[
            (
                "Another company offers the same for less.",
                "It may be so in the first three months. With us the price stays the same for a year, I can send you the terms.",
            ),
            (
                "I do not want to sign anything again.",
                "You need not, the change is confirmed by a code from a message.",
            ),
        ],
        price_range: (49, 350, 1),
    },
    Topic {
        companies: &["Granite Bank", "Bank Meridian House", "First Orchard Bank"],
        needs: &[
            "Hello, my card was swallowed by a cash machine, what should I do?",
            "Good afternoon, I would like to know the terms of a consumer loan.",
            "Hello, I see a payment on my account which I did not make.",
        ],
        questions: &[
            (
                "Please name the last four digits of the card.",
                "The last four digits are {number}.",
            ),
            (
                "When did you notice it for the first time?",
                "This morning, a message came about a purchase.",
            ),
            (
                "What amount are you interested in, and for how long?",
                "Something about fifty thousand for three years.",
            ),
            (
                "Do you receive your salary on our card?",
                "No, on a card of another bank, but I can move it.",
            ),
            (
                "Do you have other loans at the moment?",
                "A small one for a phone, it ends in two months.",
            ),
            (
                "Please name the control word for identification.",
                "The word is sunflower, if I remember rightly.",
            ),
            (
                "Did you tell anyone the code from the message?",
                "No, I told nobody, I know that one must not.",
            ),
            (
                "Where is it more convenient for you to pick up the card?",
                "At the branch in the city centre.",
            ),
        ],
        offers: &[
            (
                "I have blocked the card, a new one will be ready in three days and its delivery is free.",
                "Three days is fine, thank you.",
            ),
            (
                "I can offer a loan with a reduced rate if the salary comes to our card.",
                "A reduced rate is interesting, tell me more.",
            ),
        ],
        prices: &[
            (
                "The monthly payment would be {price} dirhams, the rate is fixed for the whole time.",
                "Such a payment is within my means.",
            ),
            (
                "The reissue costs {price} dirhams, but for you there is no fee this time.",
                "That is pleasant, thank you.",
            ),
        ],
        objections: &[
            (
                "The rate seems high to me.",
                "I understand the concern. It is the preliminary rate, after the application it may go down, and the answer takes five minutes.",
            ),
            (
                "I am afraid to name data over the phone.",
                "You are quite right. I do not need the code or the full number, only the last four digits.",
            ),
        ],
        price_range: (120, 2_400, 20),
    },
    Topic {
        companies: &["Swift Parcel", "Oak Street Delivery", "Lantern Express"],
        needs: &[
            "Hello, my parcel was to arrive yesterday and it is still not here.",
            "Good afternoon, I want to change the delivery address for my order.",
            "Hello, one box in my order came damaged.",
        ],
        questions: &[
            (
                "Please name the number of the order.",
                "The number is {number}.",
            ),
            (
                "Which address was given at the order?",
                "Twelve Lime Street, second entrance.",
            ),
            (
                "Was there any message from the courier?",
                "No, nobody called and nobody wrote.",
            ),
            (
                "What is the weight of the parcel, roughly?",
                "About four kilos, there are books inside.",
            ),
            (
                "Is the packing torn, or the contents too?",
                "The packing only, but one corner of the box is wet.",
            ),
            (
                "Could you send us a photo of the box?",
                "Yes, I have made three photos already.",
            ),
            (
                "Will anybody be at home in the first half of the day?",
                "Yes, I work from home, so at any time.",
            ),
            (
                "Is there an intercom, or should the courier call?",
                "Let him call, the intercom does not work.",
            ),
        ],
        offers: &[
            (
                "I will pass the order to another courier, and he will come at a time that suits you.",
                "Good, the main thing is that he comes.",
            ),
            (
                "We can send a replacement today, and the courier will take the damaged box back.",
                "A replacement would be best.",
            ),
        ],
        prices: &[
            (
                "The change of address costs {price} dirhams, it is added to the delivery.",
                "Fine, I agree to it.",
            ),
            (
                "For the delay we return {price} dirhams to your card.",
                "Thank you, that is fair.",
            ),
        ],
        objections: &[
            (
                "I have already stayed at home for a whole day because of this.",
                "I am sorry that it turned out so. I will mark the delivery as urgent and follow it myself.",
            ),
            (
                "And what if he does not come again?",
                "Then call me directly, I will leave you my extension, and we will deliver it by our own car.",
            ),
        ],
        price_range: (10, 120, 5),
    },
    Topic {
        companies: &[
            "Sandstone Homes",
            "Garden Quarter Estates",
            "Blue Terrace Realty",
        ],
        needs: &[
            "Hello, I saw your advertisement about two-room flats, are there any left?",
            "Good afternoon, I am looking for an office to rent, about eighty square metres.",
            "Hello, I would like to look at the house from the advertisement.",
        ],
        questions: &[
            (
                "Which district do you consider?",
                "Closer to the sea, but not on the noisy main street.",
            ),
            (
                "What budget do you count on?",
                "Up to a million, with a mortgage.",
            ),
            (
                "For whom is the flat, for yourself or as an investment?",
                "For ourselves, we have two children.",
            ),
            (
                "Which floor would you prefer?",
                "Not the first one and not the last, in the middle.",
            ),
            (
                "Is finished decoration important to you?",
                "Yes, we want to move in at once.",
            ),
            (
                "When do you plan to buy?",
                "Within the next two months, if we find a suitable one.",
            ),
            (
                "Do you need a parking place?",
                "Two, if possible, we have two cars.",
            ),
            (
                "Have you already got the approval of a bank?",
                "We are waiting for the answer, it should come this week.",
            ),
        ],
        offers: &[
            (
                "There is a flat of seventy-four metres with a view of the garden, I can show it on any day.",
                "Seventy-four metres is just right for us.",
            ),
            (
                "I will make a selection of five flats and send it to your messenger.",
                "A selection is convenient, send it please.",
            ),
        ],
        prices: &[
            (
                "It costs {price} dirhams, with payment by instalments over two years.",
                "Instalments make it easier, good.",
            ),
            (
                "The price today is {price} dirhams, from next month it will be higher.",
                "I see, then we should hurry.",
            ),
        ],
        objections: &[
            (
                "It is a bit far from the school.",
                "There is a school bus from the yard, and a new school opens in September within ten minutes' walk.",
            ),
            (
                "The neighbouring house offers a discount.",
                "It is handed over a year later. Ours is ready, and you may receive the keys next month.",
            ),
        ],
        price_range: (650_000, 1_900_000, 25_000),
    },
];

pub(super) const ANALYST: Analyst = Analyst {
    points: [
        "Operator greeted",
        "Operator introduced himself, position",
        "Operator named the company",
        "Clarified the client's name",
        "Clarified the need",
        "Asked at least three questions",
        "Checked the data in the system",
        "Made an offer",
        "Named the price",
        "Worked through the objection",
        "Agreed on day and time",
        "Clarified the contact data",
        "Summed up the conversation",
        "Thanked the client",
        "Said goodbye",
    ],
    topics: [
        "Medical appointment",
        "Communication services",
        "Bank services",
        "Order delivery",
        "Type of property",
    ],
    results: [
        "Agreed on the next step",
        "Request clarification, the client will think",
        "The question is not settled",
    ],
    interactions: ["Sale", "Inquiry, not sales-related", "Complaint"],
    briefs: &[
        "The customer {client} contacts {company}: {topic}. {agent} clarifies the details and answers the questions. {result}.",
        "{client} discusses the question with {agent}, {company}. The operator explains the terms to the customer. {result}.",
    ],
    labels: [
        "Main topic",
        "Result",
        "Interaction Type",
        "Brief Description",
    ],
};
